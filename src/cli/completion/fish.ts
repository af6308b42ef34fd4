import type { CompletedCommand, CompletedOption, Values } from "./tree.ts";

/** A script for fish 3: to be sourced, or put into `~/.config/fish/completions/PROGRAM.fish`. */
export function completeFish(program: string, commands: readonly CompletedCommand[]): string {
  const at = `__${program}_at`;
  const lines = commands.flatMap(({ path, commands: below, options, values }) => {
    const here = `complete -c ${program} -n ${quote(`${at} ${quote(path)}`)}`;
    return [
      ...below.map(({ name, description }) => `${here} -a ${quote(name)} -d ${quote(description)}`),
      ...(values === undefined ? [] : [`${here} ${offer(values)}`]),
      ...options.map((option) => `${here} ${describeOption(option)}`),
    ];
  });
  return `# fish completion for ${program}
function ${at} -a wanted
  set -l path ""
  for word in (commandline -opc)[2..-1]
    switch "$path $word"
      case ${commands
        .slice(1)
        .map(({ path }) => quote(path))
        .join(" ")}
        set path "$path $word"
    end
  end
  test "$path" = "$wanted"
end
complete -c ${program} -f
${lines.join("\n")}
`;
}

function describeOption({ short, long, description, values }: CompletedOption): string {
  const names = [...(short === undefined ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  const wanted = values === undefined ? [] : ["-r", offer(values)];
  return [...names, ...wanted, `-d ${quote(description)}`].join(" ");
}

function offer(values: Values): string {
  if (values === "paths") return "-F";
  return values === "unknown" ? "-f" : `-f -a ${quote(values.words.join(" "))}`;
}

/** In single quotes fish takes a backslash before a quote or a backslash alone. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
