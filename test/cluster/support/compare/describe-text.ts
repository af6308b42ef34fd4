import { parseAllDocuments, stringify } from "yaml";
import { pemFields } from "./certificate-fields.ts";

/** What stands at one place: its text, as far as it may be compared, and what that says, by field. */
export interface Described {
  readonly text: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** Makes of text what is equal on machines that were made alike. */
export type Normalise = (text: string) => string;

/** Puts a word in the place of each name, address or token, and of what no two clusters share: times and signatures. */
export function normaliser(words: Readonly<Record<string, string>>): Normalise {
  const named = Object.entries(words).map(([text, word]) => [new RegExp(`\\b${text.replaceAll(".", "\\.")}\\b`, "g"), word] as const);
  const passing = [
    [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d{4}(-\d\d){5}/g, "TIME"],
    // of a certificate that the kubelet issues for itself
    [/@\d{10}\b/g, "@TIME"],
    [/\beyJ[\w-]+\.\.[\w-]+/g, "SIGNATURE"],
  ] as const;
  return (text) => [...named, ...passing].reduce((result, [pattern, word]) => result.replace(pattern, word), text);
}

const pem = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g;
const base64Pem = /LS0t[A-Za-z0-9+/=]+/g;

/** A text by its fields: PEM, also in base64, by what it says, YAML and JSON by their paths, other text as a whole. */
export function describeText(text: string, normalise: Normalise): Described {
  const fields = new Map<string, string>();
  addText(fields, "", text, normalise);
  return { text: comparable(text, normalise), fields };
}

/** Without keys and certificates, which are never the same; their fields tell what they say. */
function comparable(text: string, normalise: Normalise): string {
  return normalise(text.replaceAll(pem, "PEM").replaceAll(base64Pem, "PEM"));
}

/** A value of YAML or JSON by its fields. */
export function describeValue(value: unknown, normalise: Normalise): Described {
  const fields = new Map<string, string>();
  addValue(fields, "", value, normalise);
  // the API sorts keys, also those with the id of a token
  const text = stringify(JSON.parse(comparable(JSON.stringify(value), normalise)), { sortMapEntries: true });
  return { text, fields };
}

function addText(fields: Map<string, string>, path: string, text: string, normalise: Normalise): void {
  const pem = pemFields(text.startsWith("LS0t") ? Buffer.from(text, "base64").toString("utf8") : text);
  if (pem !== undefined) {
    for (const [name, value] of pem) fields.set(join(path, ` ${normalise(name)}`), normalise(value));
    return;
  }
  const documents = /^[\w"-]+:( |$)/m.test(text) && text.includes("\n") ? parseAllDocuments(text) : [];
  const values = Array.isArray(documents) ? documents.map((document) => (document.errors.length > 0 ? undefined : document.toJS())) : [];
  if (values.length > 0 && values.every((value) => typeof value === "object" && value !== null)) {
    for (const [index, value] of values.entries()) addValue(fields, index === 0 ? path : `${path}(${index})`, value, normalise);
  } else fields.set(path, normalise(text));
}

function addValue(fields: Map<string, string>, path: string, value: unknown, normalise: Normalise): void {
  if (typeof value === "string") addText(fields, path, value, normalise);
  else if (typeof value !== "object" || value === null) fields.set(path, String(value));
  else if (Object.keys(value).length === 0) fields.set(path, JSON.stringify(value));
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) addItem(fields, path, index, item, normalise);
  else for (const [key, inner] of Object.entries(value)) addValue(fields, join(path, `.${normalise(key)}`), inner, normalise);
}

/** What has a name is found by it, an argument by its flag, all else by its index. */
function addItem(fields: Map<string, string>, path: string, index: number, item: unknown, normalise: Normalise): void {
  const named = typeof item === "object" && item !== null ? (item as { name?: unknown; mountPath?: unknown }) : {};
  const [, flag, value] = /^(--[a-z0-9-]+)=(.*)$/s.exec(typeof item === "string" ? item : "") ?? [];
  if (flag !== undefined) fields.set(`${path}[${flag}]`, normalise(value ?? ""));
  else addValue(fields, `${path}[${normalise(String(named.mountPath ?? named.name ?? index))}]`, item, normalise);
}

function join(path: string, more: string): string {
  return path === "" ? more.slice(1) : `${path}${more}`;
}
