import { buildJsonSchema } from "../inventory/json-schema.ts";
import { readOwnFile } from "../own-files.ts";

/** `kboot inventory schema` */
export async function schema(): Promise<void> {
  const meanings = readMeanings(readOwnFile("docs/inventory.md"));
  // a host's own ssh has the fields of the cluster's
  const describe = (field: string) => meanings.get(field) ?? meanings.get(field.replace(/^hosts\[\]\./, ""));
  process.stdout.write(`${JSON.stringify(buildJsonSchema(describe), undefined, 2)}\n`);
}

/** What the tables of docs/inventory.md say of each field, its default at the end: the one place where this is written. */
export function readMeanings(markdown: string): ReadonlyMap<string, string> {
  const rows = markdown.matchAll(/^\| `(?<field>[^`]+)` +\| (?<usual>.+?) +\| (?<meaning>.+?) +\|$/gm);
  return new Map(
    [...rows].map(({ groups: { field = "", usual = "", meaning = "" } = {} }) => [field, `${meaning}\n\nDefault: ${usual}`] as const),
  );
}
