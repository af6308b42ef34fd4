import { execa } from "execa";

const main = new URL("../../src/main.ts", import.meta.url).pathname;

export interface KbootResult {
  readonly exitCode?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as users do, and gives what it printed to the byte. */
export async function kboot(...words: readonly string[]): Promise<KbootResult> {
  return execa(process.execPath, [main, ...words], { reject: false, stripFinalNewline: false });
}
