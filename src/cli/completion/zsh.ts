import type { CompletedCommand, CompletedOption, Values } from "./tree.ts";

/** A script for zsh 5: to be sourced, or put into a folder of `fpath` as `_PROGRAM`. */
export function completeZsh(program: string, commands: readonly CompletedCommand[]): string {
  const name = `_${program}`;
  return `#compdef ${program}
${name}() {
  local at="" word previous=$words[CURRENT-1]
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${commands
        .slice(1)
        .map(({ path }) => quote(path))
        .join("|")}) at="$at $word" ;;
    esac
  done
  case "$at $previous" in
${commands.flatMap(optionValues).join("\n")}
  esac
  if [[ $PREFIX == -* ]]; then
    case "$at" in
${commands.map(({ path, options }) => `      (${quote(path)}) found=(${options.map(describeOption).join(" ")}) ;;`).join("\n")}
    esac
    _describe -o option found
    return
  fi
  case "$at" in
${commands.flatMap(ownWords).join("\n")}
  esac
}
if [[ $funcstack[1] == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi
`;
}

function optionValues({ path, options }: CompletedCommand): readonly string[] {
  return options.flatMap(({ short, long, values }) => {
    if (values === undefined) return [];
    const names = [short, long].flatMap((name) => (name === undefined ? [] : [quote(`${path} ${name}`)]));
    return [`    (${names.join("|")}) ${offer(values)}; return ;;`];
  });
}

function ownWords({ path, commands, values }: CompletedCommand): readonly string[] {
  if (commands.length > 0) {
    const described = commands.map(({ name, description }) => quote(`${name}:${description}`));
    return [`    (${quote(path)}) found=(${described.join(" ")}); _describe command found ;;`];
  }
  return values === undefined ? [] : [`    (${quote(path)}) ${offer(values)} ;;`];
}

function describeOption({ long, description }: CompletedOption): string {
  return quote(`${long}:${description}`);
}

function offer(values: Values): string {
  if (values === "unknown") return ":";
  return values === "paths" ? "_files" : `compadd -- ${values.words.map(quote).join(" ")}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
