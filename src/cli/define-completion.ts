import { Argument, type Command } from "commander";
import type { Define } from "./define.ts";

/** `kboot completion SHELL` */
export function defineCompletion(program: Command, define: Define): void {
  define(
    program,
    "completion",
    "print a script by which a shell completes commands, options and their values",
    "source <(kboot completion bash)",
    async () => {
      const { completion } = await import("./completion/index.ts");
      return (_options, _signal, [shell = ""]) => completion(program, shell);
    },
  ).addArgument(new Argument("<shell>", "for which shell").choices(["bash", "zsh", "fish"]));
}
