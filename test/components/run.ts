import { execa } from "execa";

export type RunOptions = { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> };

/** Runs a program and returns what it printed. The error of a failed one holds its command line and all it said. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout } = await execa(program, args, { ...options, stdin: "ignore" });
  return stdout;
}

/** Says on stderr what is going on. */
export function say(message: string): void {
  process.stderr.write(`components: ${message}\n`);
}
