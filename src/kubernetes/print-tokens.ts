import { stringify } from "yaml";
import { Secret } from "../secret.ts";
import { bootstrapTokenText, type KnownBootstrapToken } from "./bootstrap-token.ts";
import { printShortDuration } from "./duration.ts";

export const tokenForms = ["text", "json", "yaml"] as const;
export type TokenForm = (typeof tokenForms)[number];

/**
 * Tokens as `kubeadm token list` prints them, byte for byte: a table, a JSON object each, or YAML documents (output.kubeadm.k8s.io/v1alpha3).
 * Nothing for no token. It holds the tokens.
 */
export function printTokens(tokens: readonly KnownBootstrapToken[], form: TokenForm, now: Date): Secret {
  if (tokens.length === 0) return new Secret("");
  if (form === "text") return new Secret([headings, ...tokens.map((token) => cells(token, now))].map(row).join(""));
  const objects = tokens.map(describe);
  if (form === "json") return new Secret(objects.map((object) => `${JSON.stringify(object, null, 4)}\n`).join(""));
  // YAML 1.1, as Go has it, knows times, so a text that looks like one is quoted
  const documents = objects.map((object) => stringify(object, { version: "1.1", indentSeq: false, lineWidth: 0, sortMapEntries: true }));
  return new Secret(documents.join("---\n"));
}

const headings = ["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"];

function cells(token: KnownBootstrapToken, now: Date): readonly string[] {
  const { expires, usages, description, groups } = token;
  return [
    bootstrapTokenText(token).reveal(),
    expires === undefined ? "<forever>" : printShortDuration(expires.getTime() - now.getTime()),
    expires === undefined ? "<never>" : printTime(expires),
    usages.join(",") || "<none>",
    description ?? "<none>",
    groups.join(",") || "<none>",
  ];
}

/** Least widths of columns; the third is that of a time in the headings alone, since kubeadm sets each line by itself. */
const widths = [23, 9, 0, 22, 56];

function row(texts: readonly string[]): string {
  const isHead = texts === headings;
  const padded = texts.map((text, column) => {
    if (column === texts.length - 1) return text;
    const width = column === 2 && isHead ? 20 : (widths[column] ?? 0);
    return `${text.padEnd(width)}   `;
  });
  return `${padded.join("")}\n`;
}

function describe(token: KnownBootstrapToken): Readonly<Record<string, unknown>> {
  const { description, expires, usages, groups } = token;
  return {
    kind: "BootstrapToken",
    apiVersion: "output.kubeadm.k8s.io/v1alpha3",
    token: bootstrapTokenText(token).reveal(),
    ...(description === undefined ? {} : { description }),
    ...(expires === undefined ? {} : { expires: printTime(expires) }),
    ...(usages.length === 0 ? {} : { usages }),
    ...(groups.length === 0 ? {} : { groups }),
  };
}

function printTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
