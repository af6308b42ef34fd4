import type { Duplex } from "node:stream";

/** Bytes that follow a script on its standard input; `size` is exact. `open` may be called again for a retry. */
export interface Payload {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

/**
 * A POSIX sh script for the privileged shell of a host.
 * It reads its payload from standard input with `take N` (exactly N bytes to stdout). With `say TEXT` a script on the main channel of
 * a changing run tells, within a second, what it waits for.
 * Secrets may stand in `body` and `payload`, never in `label`, which is logged.
 */
export interface Script {
  readonly label: string;
  readonly body: string;
  readonly payload?: Payload | undefined;
}

export interface ScriptResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** `bulk` is a second privileged shell beside the main one, for long transfers and imports. Default `main`. */
  readonly channel?: "main" | "bulk";
  /** Called as payload bytes leave this machine, with the number sent so far. */
  readonly onBytes?: (sent: number) => void;
  /** Called with what the script says while it runs. */
  readonly onSay?: (text: string) => void;
}

/** Who a run is: goes into the run lock of each host, so that a refused second run can name it. */
export interface RunIdentity {
  /** Unique, safe in a path. */
  readonly id: string;
  /** `read` writes nothing on the host and takes no lock; `change` takes the run lock before its first script. */
  readonly mode: "read" | "change";
  /** For people: `user@machine, kboot apply, pid 123`. */
  readonly owner: string;
}

/** A machine we reach. One connection, on it one privileged shell started with the first script. */
export interface Host {
  readonly name: string;
  /** As shown in messages: `192.168.56.11`. */
  readonly address: string;
  /** Scripts sent so far: the round trips. */
  readonly trips: number;
  /**
   * Runs one script; scripts on one channel run in the order of the calls.
   * Resolves also when the script exits non-zero. Throws KbootError: `unreachable`, `host-key`, `privilege`,
   * `host-locked` (another run holds this host), `cancelled`.
   */
  run(script: Script, options: RunOptions): Promise<ScriptResult>;
  /** A stream to a TCP port on the host itself (127.0.0.1 there). */
  connect(port: number, signal: AbortSignal): Promise<Duplex>;
  /** Ends shells and connection. A script that runs on the host is not stopped by it. */
  close(): Promise<void>;
}
