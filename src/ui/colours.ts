import pc from "picocolors";

/** Functions that colour text, or leave it as it is. */
export type Colours = ReturnType<typeof pc.createColors>;

/** Colours for a terminal; without them text stays as it is. */
export function createColours(isColoured: boolean): Colours {
  return pc.createColors(isColoured);
}

export interface TerminalKind {
  readonly isColoured: boolean;
  /** True where lines may be drawn over. */
  readonly isLive: boolean;
}

/**
 * What may be written to a stream: colours on a terminal unless NO_COLOR is set (no-color.org), a live display where a person
 * watches. A terminal that does not know its height cannot be drawn over.
 */
export function judgeTerminal(stream: { readonly isTTY?: boolean; readonly rows?: number }, env: NodeJS.ProcessEnv): TerminalKind {
  const isColoured = stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return { isColoured, isLive: isColoured && (stream.rows ?? 0) > 0 && (env["CI"] ?? "") === "" };
}
