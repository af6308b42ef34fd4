import type { Argument, Command, Option } from "commander";

/** What can stand where a value is wanted: words, a path, or what nobody can know. */
export type Values = { readonly words: readonly string[] } | "paths" | "unknown";

export interface CompletedOption {
  /** `-o`. */
  readonly short: string | undefined;
  /** `--output`. */
  readonly long: string;
  readonly description: string;
  /** Undefined: it takes none. */
  readonly values: Values | undefined;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** The words after the program's name, each with a space before it: ` certs renew`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** What its arguments are; undefined when it takes none. */
  readonly values: Values | undefined;
}

/** The program's commands, each before those below it, read off its own definitions. */
export function completedCommands(command: Command, path = ""): readonly CompletedCommand[] {
  const below = command.commands.map((sub) => ({ name: sub.name(), description: firstLine(sub.description()) }));
  const [argument] = command.registeredArguments;
  const own = {
    path,
    commands: below,
    options: [...command.options.map(completedOption), help],
    values: argument === undefined ? undefined : valuesOf(argument, argument.name()),
  };
  return [own, ...command.commands.flatMap((sub) => completedCommands(sub, `${path} ${sub.name()}`))];
}

const help: CompletedOption = { short: "-h", long: "--help", description: "display help for command", values: undefined };

function completedOption(option: Option): CompletedOption {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  return {
    short: option.short,
    long: option.long ?? option.flags,
    description: firstLine(option.description),
    values: placeholder === undefined ? undefined : valuesOf(option, placeholder),
  };
}

/** By the name that stands for the value in the help: `<file>`, `<path>`, `<inventory>` are paths. */
function valuesOf({ argChoices }: Pick<Option | Argument, "argChoices">, placeholder: string): Values {
  if (argChoices !== undefined) return { words: argChoices };
  return /file|path|dir|inventory|log|plan/.test(placeholder) ? "paths" : "unknown";
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
