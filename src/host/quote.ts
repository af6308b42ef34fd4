/** The text as one word of POSIX sh, in single quotes. The text must not hold NUL, which no shell word can. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
