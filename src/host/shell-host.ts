import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { KbootError, type Where } from "../errors.ts";
import type { Host, RunIdentity, RunOptions, Script, ScriptResult } from "./host.ts";
import { privileged, refusedPrivilege } from "./privilege.ts";
import { Shell, type ShellProcess, type ShellSettings } from "./shell.ts";
import { bootstrap } from "./shell-program.ts";

/** How long the end of a host waits for a shell that is being started. */
const startPatienceMs = 2000;

/** What differs between the ways to a machine. */
export interface Transport {
  readonly name: string;
  readonly address: string;
  /** Whom commands run as. */
  readonly user: string;
  /** Starts a command with three streams. Throws KbootError `unreachable`. */
  start(command: string): Promise<ShellProcess>;
  connect(port: number, signal: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the first script has to wait for one that an earlier run left behind, with its name. */
  readonly onWaiting?: ((text: string) => void) | undefined;
  /** Where locks and output lie on the host. Default `/run/kboot`. */
  readonly runDirectory?: string | undefined;
  /** The shell on the host ends, and frees the host, when it hears nothing for this long. Default 60. */
  readonly idleSeconds?: number | undefined;
  /** How long to wait for a script that an earlier run left behind. Default 600. */
  readonly orphanSeconds?: number | undefined;
}

/** A Host whose scripts run in privileged shells over a transport. Shells are started with their first script. */
export class ShellHost implements Host {
  readonly name: string;
  readonly address: string;
  readonly #transport: Transport;
  readonly #run: RunIdentity;
  readonly #options: OpenOptions;
  readonly #shells = new Map<"main" | "bulk", Promise<Shell>>();
  #trips = 0;

  constructor(transport: Transport, run: RunIdentity, options: OpenOptions) {
    this.name = transport.name;
    this.address = transport.address;
    this.#transport = transport;
    this.#run = run;
    this.#options = options;
  }

  get trips(): number {
    return this.#trips;
  }

  async run(script: Script, options: RunOptions): Promise<ScriptResult> {
    const shell = await orCancelled(this.#shell(options.channel ?? "main", options.signal), options.signal, () => {
      return new KbootError("cancelled", `cancelled: ${script.label}`, { where: this.#where });
    });
    this.#trips++;
    return shell.run(script, options);
  }

  connect(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#transport.connect(port, signal);
  }

  async close(): Promise<void> {
    // The main shell holds the run lock, so it goes last.
    for (const channel of ["bulk", "main"] as const) {
      const starting = this.#shells.get(channel)?.catch(() => undefined);
      // where the connection hangs a shell may never have started
      const shell = await Promise.race([starting, sleep(startPatienceMs, undefined, { ref: false })]);
      await shell?.close();
    }
    await this.#transport.close();
  }

  #shell(channel: "main" | "bulk", signal: AbortSignal): Promise<Shell> {
    const known = this.#shells.get(channel);
    if (known !== undefined) return known;
    const started = this.#start(channel, signal);
    this.#shells.set(channel, started);
    started.catch(() => this.#shells.delete(channel));
    return started;
  }

  async #start(channel: "main" | "bulk", signal: AbortSignal): Promise<Shell> {
    if (channel === "bulk" && this.#run.mode === "change") await this.#holdHost(signal);
    const { user } = this.#transport;
    const process = await this.#transport.start(privileged(bootstrap, user));
    return new Shell(process, { ...this.#options, run: this.#run, channel, where: this.#where, didNotStart: this.#didNotStart });
  }

  /** The second shell takes no run lock of its own; the first one must hold it. */
  async #holdHost(signal: AbortSignal): Promise<void> {
    const isStarted = this.#shells.has("main");
    const main = await this.#shell("main", signal);
    if (!isStarted) {
      this.#trips++;
      await main.run({ label: "take the lock of this host", body: ":" }, { signal });
    }
    await main.ready;
  }

  get #where(): Where {
    return { host: this.name, address: this.address };
  }

  readonly #didNotStart: ShellSettings["didNotStart"] = (stderr, cause) => {
    const { user } = this.#transport;
    if (user !== "root" && /^sudo:|: sudo:|sudo: not found|command not found/m.test(stderr)) {
      return refusedPrivilege(user, stderr, this.#where);
    }
    const said = stderr.trim().split("\n").at(-1) ?? "";
    return new KbootError("unreachable", `no shell could be started${said === "" ? "" : `: ${said}`}`, {
      where: this.#where,
      hint: "log in by hand and see whether sh, dd, timeout and flock work there",
      cause,
    });
  };
}

/** What comes first: the work's end, or that of who waits for it. */
async function orCancelled<T>(work: Promise<T>, signal: AbortSignal, cancelled: () => KbootError): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = () => reject(cancelled());
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
