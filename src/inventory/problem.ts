/** One mistake in an inventory, with its place in the text. */
export interface Problem {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** As it reads below `spec`: `hosts[1].address`. Empty when the mistake belongs to no field. */
  readonly field: string;
  /** What is wrong, why, and what would be right. */
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** A mistake before its place in the text is looked up. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** True when the name of the field is wrong, not its value. */
  readonly atKey?: boolean | undefined;
}

/** One line for people and editors: `inventory/lab.yaml:12:5 hosts[1].address: is missing`. */
export function formatProblem(file: string, { line, column, field, message }: Problem): string {
  return `${file}:${line}:${column} ${field === "" ? "" : `${field}: `}${message}`;
}

/** A path as users write it, without the `spec` that nearly all of them begin with. */
export function formatPath(path: Path): string {
  const short = path[0] === "spec" && path.length > 1 ? path.slice(1) : path;
  return short.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

/** Reads what `formatPath` wrote. */
export function parsePath(field: string): Path {
  return [...field.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map(([, index, quoted, name = ""]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? name : (JSON.parse(quoted) as string);
  });
}
