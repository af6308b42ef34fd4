/** Sections of a unit of systemd; a key may repeat, and an empty value clears what came before it. */
export type Unit = ReadonlyMap<string, readonly (readonly [key: string, value: string])[]>;

/** Reads a unit or a drop-in. Throws on a line that systemd would ignore with a warning. Lines are not continued. */
export function parseUnit(text: string): Unit {
  const sections = new Map<string, [string, string][]>();
  let current: [string, string][] | undefined;
  for (const line of text.split("\n")) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const section = /^\[(\w+)\]$/.exec(line)?.[1];
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (section !== undefined) {
      current = [];
      sections.set(section, current);
    } else if (current !== undefined && key !== undefined && value !== undefined) current.push([key, value]);
    else throw new Error(`not a line of a unit: ${line}`);
  }
  return sections;
}
