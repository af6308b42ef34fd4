import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
import { type Finding, formatPath, type Path, type Problem } from "./problem.ts";

/** An inventory's text as plain values, with the place of each in the text. */
export interface InventoryDocument {
  /** Undefined when the text is no YAML. */
  readonly values: unknown;
  /** What is wrong with the text as YAML. */
  readonly problems: readonly Problem[];
  /** The finding with its place: that of the value, of its name, or of the nearest thing around what is missing. */
  locate(finding: Finding): Problem;
}

/** Reads YAML 1.2. Anchors, aliases and tags are refused, since values would have more places than one. */
export function parseText(text: string): InventoryDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    ...at(error.pos[0]),
    field: "",
    message: explain(error, text),
  }));
  visit(document, {
    Node(_key, node) {
      const isShared = isAlias(node) || (node.anchor !== undefined && node.anchor !== "");
      if (isShared)
        problems.push({ ...at(node.range?.[0] ?? 0), field: "", message: "anchors and aliases are not supported; write the value out" });
    },
  });
  const isReadable = problems.length === 0 || (document.errors.every(({ code }) => code === "DUPLICATE_KEY") && !hasAlias(document));
  return {
    values: isReadable ? (document.toJS() as unknown) : undefined,
    problems,
    locate: ({ path, message, atKey }) => ({ ...at(offsetOf(document, path, atKey === true)), field: formatPath(path), message }),
  };
}

function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function explain({ code, message, pos }: { code: string; message: string; pos: readonly [number, number] }, text: string): string {
  if (code === "DUPLICATE_KEY") return `the key ${/^[^\s:]+/.exec(text.slice(pos[0]))?.[0] ?? ""} is there twice; keep one`;
  if (code === "MULTIPLE_DOCS") return "a second document begins here; an inventory is one document";
  return `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

/** Where a value stands in the text that a document was read from, or its name, or the nearest thing around what is missing. */
export function offsetOf(document: Document, path: Path, atKey: boolean): number {
  const node = atKey ? keyNode(document, path) : document.getIn(path, true);
  if (isNode(node) && node.range) return node.range[0];
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1), false);
}

function keyNode(document: Document, path: Path): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const key = parent.items.map((pair) => pair.key).find((candidate) => isScalar(candidate) && String(candidate.value) === path.at(-1));
  return isScalar(key) ? key : undefined;
}
