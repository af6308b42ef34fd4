import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fragment, Output } from "../../src/engine/contracts.ts";

/** The shells that every fragment has to work with. */
export const shells: readonly string[][] = [
  ["dash"],
  ...(existsSync("/usr/bin/busybox") || existsSync("/bin/busybox") ? [["busybox", "sh"]] : []),
];

/** As the host's shell has them; what is said goes to stderr. */
const functions = `take() { dd bs="$1" count=1 iflag=fullblock status=none; }
say() { printf 'said: %s\\n' "$*" >&2; }`;

export interface FragmentResult extends Output {
  readonly stderr: string;
}

/** Runs sh text for real, with `take` and `say` as the host's shell has it and a payload on stdin. `bin` comes first in PATH. */
export function runSh(
  script: string,
  options: { shell?: readonly string[]; payload?: Buffer; bin?: string; stateFolder?: string } = {},
): Promise<FragmentResult> {
  const [command = "dash", ...args] = options.shell ?? ["dash"];
  const stateFolder = options.stateFolder ?? join(tmpdir(), `kboot-test-state-${process.pid}`);
  const env = {
    ...process.env,
    KBOOT_STATE_DIR: stateFolder,
    PATH: options.bin === undefined ? process.env["PATH"] : `${options.bin}:${process.env["PATH"]}`,
  };
  const child = spawn(command, [...args, "-c", `${functions}\n${script}`], { env });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {}); // a script may end before it has read everything
  child.stdin.end(options.payload);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ exitCode: code ?? -1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }));
  });
}

/** Runs a changing fragment as a step's script would: `set -eu`, payload on stdin. */
export async function runFragment(
  fragment: Fragment,
  options: { shell?: readonly string[]; bin?: string; stateFolder?: string } = {},
): Promise<FragmentResult> {
  const chunks: Uint8Array[] = [];
  if (fragment.payload !== undefined) for await (const chunk of fragment.payload.open()) chunks.push(chunk);
  const payload = Buffer.concat(chunks);
  if (fragment.payload !== undefined && fragment.payload.size !== payload.length) {
    throw new Error(`the payload says ${fragment.payload.size} bytes and has ${payload.length}`);
  }
  return runSh(`set -eu\n${fragment.script}`, { ...options, payload });
}
