import type { CompletedCommand, Values } from "./tree.ts";

/** A script for bash 4 and newer; it needs nothing else, not even the bash-completion package. */
export function completeBash(program: string, commands: readonly CompletedCommand[]): string {
  const name = `_${program}_complete`;
  return `# bash completion for ${program}
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" index word
  COMPREPLY=()
  # --option=value comes as three words
  if [[ $current == "=" ]]; then current=""; elif [[ $previous == "=" ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$path $word" in
      ${patterns(commands.slice(1).map(({ path }) => path))}) path="$path $word" ;;
    esac
  done
  case "$path $previous" in
${commands.flatMap(optionValues).join("\n")}
  esac
  if [[ $current == -* ]]; then
    case "$path" in
${commands.map(({ path, options }) => `      ${quote(path)}) ${reply(options.map(({ long }) => long))} ;;`).join("\n")}
    esac
    return
  fi
  case "$path" in
${commands.flatMap(ownWords).join("\n")}
  esac
}
complete -F ${name} ${program}
`;
}

function optionValues({ path, options }: CompletedCommand): readonly string[] {
  return options.flatMap(({ short, long, values }) => {
    if (values === undefined) return [];
    const names = [short, long].flatMap((name) => (name === undefined ? [] : [`${path} ${name}`]));
    return [`    ${patterns(names)}) ${valuesReply(values)}; return ;;`];
  });
}

function ownWords({ path, commands, values }: CompletedCommand): readonly string[] {
  if (commands.length > 0) return [`    ${quote(path)}) ${reply(commands.map(({ name }) => name))} ;;`];
  return values === undefined ? [] : [`    ${quote(path)}) ${valuesReply(values)} ;;`];
}

function valuesReply(values: Values): string {
  if (values === "unknown") return ":";
  return values === "paths" ? "compopt -o default 2>/dev/null" : reply(values.words);
}

function reply(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W ${quote(words.join(" "))} -- "$current"))`;
}

function patterns(texts: readonly string[]): string {
  return texts.map(quote).join("|");
}

/** Names of commands, options and their words hold nothing that double quotes would not keep. */
function quote(text: string): string {
  return `"${text}"`;
}
