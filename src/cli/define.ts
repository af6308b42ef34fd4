import type { Command } from "commander";

/** Loads a command's code only when it is called, so that help comes at once. A command may return its exit code; else it is 0. */
export type Load = () => Promise<(options: Record<string, unknown>, signal: AbortSignal, words: readonly string[]) => Promise<unknown>>;

/** Adds a command below `parent`: its name, what it does, an example, its code. */
export type Define = (parent: Command, name: string, description: string, example: string, load: Load) => Command;
