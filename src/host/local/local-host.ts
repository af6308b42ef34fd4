import { spawn } from "node:child_process";
import { connect as connectTcp } from "node:net";
import { userInfo } from "node:os";
import type { Duplex } from "node:stream";
import { KbootError } from "../../errors.ts";
import type { Host, RunIdentity } from "../host.ts";
import type { ShellProcess } from "../shell.ts";
import { type OpenOptions, ShellHost, type Transport } from "../shell-host.ts";

export interface LocalOptions extends OpenOptions {
  /** Whom scripts run as: not root means that sudo is asked. Default: the user of this process. */
  readonly user?: string | undefined;
  /** The sh that the shell is started with. Default `/bin/sh`. */
  readonly sh?: readonly string[] | undefined;
}

/** The machine that kboot itself runs on, as a Host. */
export function openLocalHost(name: string, run: RunIdentity, options: LocalOptions = {}): Promise<Host> {
  return Promise.resolve(new ShellHost(localTransport(name, options), run, options));
}

function localTransport(name: string, options: LocalOptions): Transport {
  return {
    name,
    address: "localhost",
    user: options.user ?? userInfo().username,
    start: (command) => Promise.resolve(startProcess(options.sh ?? ["/bin/sh"], command)),
    connect: (port, signal) => connectLocally(name, port, signal),
    close: () => Promise.resolve(),
  };
}

/** In a session of its own, so that Ctrl-C in the terminal does not reach a running script. */
function startProcess(sh: readonly string[], command: string): ShellProcess {
  const [file = "/bin/sh", ...args] = sh;
  const child = spawn(file, [...args, "-c", command], { detached: true, stdio: "pipe" });
  const { promise: ended, resolve } = Promise.withResolvers<Error | undefined>();
  child.once("error", resolve);
  child.once("close", () => resolve(undefined));
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    abandon() {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}

function connectLocally(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: "127.0.0.1", port });
    const cancel = () => socket.destroy(new KbootError("cancelled", `cancelled: connect to port ${port}`, { where: { host } }));
    const fail = (cause: Error) => {
      signal.removeEventListener("abort", cancel);
      const failed = new KbootError("unreachable", `nothing answers on port ${port}: ${cause.message}`, {
        where: { host, address: "127.0.0.1" },
        cause,
        transient: true,
      });
      reject(cause instanceof KbootError ? cause : failed);
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      signal.removeEventListener("abort", cancel);
      socket.off("error", fail);
      resolve(socket);
    });
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
  });
}
