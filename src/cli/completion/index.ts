import type { Command } from "commander";
import { completeBash } from "./bash.ts";
import { completeFish } from "./fish.ts";
import { completedCommands } from "./tree.ts";
import { completeZsh } from "./zsh.ts";

const shells = { bash: completeBash, zsh: completeZsh, fish: completeFish } as const;

/** `kboot completion SHELL`: everything is in the script, so that no key press starts the program. */
export async function completion(program: Command, shell: string): Promise<void> {
  process.stdout.write(shells[shell as keyof typeof shells](program.name(), completedCommands(program)));
}
