import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { KbootError, type Where } from "../errors.ts";
import type { Payload, RunIdentity, RunOptions, Script, ScriptResult } from "./host.ts";
import { MarkedStream } from "./marked-stream.ts";
import { heartbeat, scriptHeader, scriptText, shellProgram } from "./shell-program.ts";

const heartbeatMs = 15_000;

/** A started bootstrap: its three streams and its end. */
export interface ShellProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves once it has ended and all of its output was read; never rejects. Says why it ended, where that is known. */
  readonly ended: Promise<Error | undefined>;
  /** Lets go of the streams at once. */
  abandon(): void;
}

export interface ShellSettings {
  readonly run: RunIdentity;
  readonly channel: "main" | "bulk";
  readonly where: Where;
  /** The error for a shell that ended before it was ready, from what stood on its stderr. */
  readonly didNotStart: (stderr: string, cause: Error | undefined) => KbootError;
  readonly onWaiting?: ((text: string) => void) | undefined;
  readonly idleSeconds?: number | undefined;
  readonly orphanSeconds?: number | undefined;
  readonly runDirectory?: string | undefined;
}

type OutputName = "stdout" | "stderr";

interface Job {
  readonly script: Script;
  readonly onSay: RunOptions["onSay"];
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  /** How many of stdout and stderr have come to their end. */
  finished: number;
  readonly settle: (result: ScriptResult | Error) => void;
}

/** One privileged shell on a host. Scripts run one after the other; the first one travels together with the shell's own program. */
export class Shell {
  /** Resolves when locks are held and scripts may run; rejects with the reason when that did not come about. */
  readonly ready: Promise<void>;
  readonly #process: ShellProcess;
  readonly #settings: ShellSettings;
  readonly #mark = `kboot-${randomBytes(16).toString("hex")}`;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #readiness = Promise.withResolvers<void>();
  #greeting: Buffer | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #job: Job | undefined;
  /** The streams on which scripts have the word; what came before is noise of the login. */
  readonly #open = new Set<OutputName>();
  #noise = "";
  #failure: KbootError | undefined;

  constructor(process: ShellProcess, settings: ShellSettings) {
    this.#process = process;
    this.#settings = settings;
    this.ready = this.#readiness.promise;
    this.ready.catch(() => {});
    this.#greeting = shellProgram({
      mark: this.#mark,
      run: settings.run,
      channel: settings.channel,
      since: new Date(),
      idleSeconds: settings.idleSeconds ?? 60,
      orphanSeconds: settings.orphanSeconds ?? 600,
      runDirectory: settings.runDirectory ?? "/run/kboot",
    });
    for (const name of ["stdout", "stderr"] as const) {
      const stream = new MarkedStream(
        this.#mark,
        (bytes) => this.#read(name, bytes),
        (kind, text) => this.#hear(name, kind, text),
      );
      process[name].on("data", (chunk: Buffer) => stream.push(chunk));
    }
    // What goes wrong on a stream shows as the end of the process.
    for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on("error", () => {});
    void process.ended.then((cause) => this.#end(cause));
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Runs a script after those before it. When aborted it rejects at once; a script that was already sent goes on on the host. */
  run(script: Script, options: RunOptions): Promise<ScriptResult> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const cancel = () => reject(new KbootError("cancelled", `cancelled: ${script.label}`, { where: this.#settings.where }));
      if (signal.aborted) return cancel();
      signal.addEventListener("abort", cancel, { once: true });
      const turn = this.#queue.then(async () => {
        if (!signal.aborted) resolve(await this.#send(script, options));
      });
      this.#queue = turn.then(
        () => signal.removeEventListener("abort", cancel),
        (error) => {
          signal.removeEventListener("abort", cancel);
          reject(error);
        },
      );
    });
  }

  /** Ends the shell: gracefully when it is idle, else by letting go of it, and the running script goes on. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    if (this.#job === undefined && this.#failure === undefined) {
      this.#process.stdin.end();
      const patience = AbortSignal.timeout(2000);
      await Promise.race([this.#process.ended, once(patience, "abort")]);
    }
    this.#process.abandon();
  }

  async #send(script: Script, { onBytes, onSay }: RunOptions): Promise<ScriptResult> {
    if (this.#failure !== undefined) throw this.#failure;
    const result = new Promise<ScriptResult | Error>((settle) => {
      this.#job = { script, onSay, stdout: [], stderr: [], finished: 0, settle };
    });
    const text = scriptText(script.body, this.#mark);
    const opening = [scriptHeader(text.length, script.payload?.size ?? 0, script.label), text];
    if (this.#greeting !== undefined) opening.unshift(this.#greeting);
    this.#greeting = undefined;
    const sent = this.#write(Buffer.concat(opening)).then(() => script.payload && this.#pour(script.label, script.payload, onBytes));
    sent.catch((error) => this.#fail(error));
    const outcome = await result;
    this.#job = undefined;
    if (outcome instanceof Error) throw outcome;
    await sent;
    return outcome;
  }

  async #pour(label: string, payload: Payload, onBytes: RunOptions["onBytes"]): Promise<void> {
    let sent = 0;
    for await (const chunk of payload.open()) {
      if (this.#failure !== undefined) return;
      sent += chunk.length;
      if (sent > payload.size) break;
      await this.#write(chunk);
      onBytes?.(sent);
    }
    if (sent !== payload.size) throw new Error(`the payload of "${label}" is not of the size it was said to be, ${payload.size} bytes`);
  }

  /** Resolves when more may be written, or when there is nobody left to write to. */
  async #write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#process;
    if (stdin.destroyed || stdin.writableEnded || stdin.write(bytes)) return;
    const stop = new AbortController();
    await Promise.race([once(stdin, "drain", { signal: stop.signal }), this.#process.ended]).catch(() => {});
    stop.abort();
  }

  #beat(): void {
    const { stdin } = this.#process;
    if (this.#isReady && this.#job === undefined && stdin.writable) stdin.write(heartbeat);
  }

  #read(stream: OutputName, bytes: Buffer): void {
    if (this.#open.has(stream) && this.#job !== undefined) this.#job[stream].push(bytes);
    else if (stream === "stderr") this.#noise = `${this.#noise}${bytes}`.slice(-4096);
  }

  #hear(stream: OutputName, kind: string, text: string): void {
    if (kind === ":") this.#finish(Number(text));
    else if (kind === "!" && text === "ready") this.#open.add(stream);
    else if (kind === "!") this.#handle(text);
    if (this.#isReady) this.#readiness.resolve();
  }

  get #isReady(): boolean {
    return this.#open.size === 2;
  }

  /** The end of one of the two outputs of a script. */
  #finish(exitCode: number): void {
    const job = this.#job;
    if (job === undefined) return;
    job.finished++;
    if (job.finished < 2) return;
    job.settle({ exitCode, stdout: Buffer.concat(job.stdout), stderr: Buffer.concat(job.stderr).toString() });
  }

  #handle(event: string): void {
    const [name, ...words] = event.split(" ");
    const rest = words.join(" ");
    const { where } = this.#settings;
    if (name === "said") {
      this.#job?.onSay?.(rest);
    } else if (name === "waiting") {
      this.#settings.onWaiting?.(`waiting for a script of an earlier run: ${rest}`);
    } else if (name === "locked") {
      this.#fail(
        new KbootError("host-locked", `another run holds this host: ${words.slice(1).join(" ")}, since ${words[0]}`, {
          where,
          hint: "wait until it has ended, or end it there",
        }),
      );
    } else if (name === "busy") {
      this.#fail(
        new KbootError("host-locked", `a script of an earlier run still runs on this host: ${rest}`, {
          where,
          hint: "wait until it has ended; ps on the host shows it",
        }),
      );
    } else if (name === "lost") {
      this.#fail(new KbootError("host-locked", "this run has lost its lock on the host", { where, hint: "run again" }));
    }
  }

  #end(cause: Error | undefined): void {
    if (!this.#isReady) {
      this.#fail(this.#settings.didNotStart(this.#noise, cause));
      return;
    }
    const during = this.#job === undefined ? "" : ` during "${this.#job.script.label}"`;
    this.#fail(
      new KbootError("unreachable", `the connection was lost${during}`, {
        where: this.#settings.where,
        hint: "run again: what is done is found done, and a script that still runs is waited for",
        cause,
        transient: true,
      }),
    );
  }

  /** The first failure is the one that is told. */
  #fail(error: Error): void {
    this.#failure ??=
      error instanceof KbootError ? error : new KbootError("artifact", error.message, { where: this.#settings.where, cause: error });
    clearInterval(this.#heartbeat);
    this.#readiness.reject(this.#failure);
    this.#job?.settle(this.#failure);
    this.#process.abandon();
  }
}
