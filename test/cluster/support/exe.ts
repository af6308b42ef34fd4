import { createReadStream } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type Lab, onHost, sendToHost } from "./lab.ts";

const root = new URL("../../../", import.meta.url).pathname;

/** Makes the single executable in a folder; resolves to its path. */
export async function buildExe(folder: string): Promise<string> {
  await execa(process.execPath, [join(root, "scripts/build-exe.ts"), "--output", folder]);
  return join(folder, "kboot");
}

/** Puts a program of this machine on a host. */
export async function installProgram(set: Lab, host: string, path: string, program: string): Promise<void> {
  await sendToHost(set, host, `sh -c 'cat > ${path} && chmod 755 ${path}'`, createReadStream(program));
}

/** Runs a command as root on a host; never throws for its exit code. `text` is what it wrote, both streams in their order. */
export async function runOnHost(set: Lab, host: string, command: string): Promise<{ readonly exitCode: number; readonly text: string }> {
  const output = await onHost(set, host, `{ ${command}\n} 2>&1; echo "exit $?"`);
  const [, text = "", exitCode = "1"] = /^([\s\S]*)exit (\d+)\s*$/.exec(output) ?? [];
  return { exitCode: Number(exitCode), text };
}
