import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, parseAllDocuments, type Tags } from "yaml";
import { KbootError } from "../errors.ts";
import type { Patch } from "../inventory/cluster.ts";
import { judgePatchList, type PatchTarget, type PatchType, patchTargets, patchTypes } from "../inventory/patches.ts";
import { formatPath } from "../inventory/problem.ts";
import { suggest } from "../suggest.ts";

/** What a folder of kubeadm's patches holds. */
export interface PatchesDirectory {
  /** In the order in which kubeadm applies them. */
  readonly patches: readonly Patch[];
  /** Sentences about files that are no patches, which kubeadm passes over too. */
  readonly ignored: readonly string[];
}

/**
 * Reads the files of a folder as kubeadm does (kubeadm/app/util/patches, v1.36): `target[suffix][+type].json` or `.yaml`, folders below it
 * included, in alphabetical order; each YAML document is a patch. Throws KbootError `patch` that names the file, for a folder or file that cannot
 * be read, a type that is none, and what is no YAML.
 */
export function readPatches(directory: string): PatchesDirectory {
  const patches: Patch[] = [];
  const ignored: string[] = [];
  for (const file of filesOf(directory)) {
    const found = patchesIn(file);
    if (typeof found === "string") ignored.push(`${file} is left out: ${found}`);
    else patches.push(...found);
  }
  return { patches, ignored };
}

/** The patches of a file, at least one, or why there is none. */
function patchesIn(file: string): readonly Patch[] | string {
  const named = parseName(file);
  if (typeof named === "string") return named;
  const text = attempt(file, () => readFileSync(file, "utf8"));
  const found = documentsOf(file, text).map((patch) => judged({ name: file, ...named, patch }));
  return found.length === 0 ? "there is no patch in it" : found;
}

function judged(patch: Patch): Patch {
  const [finding] = judgePatchList([patch], []);
  if (finding === undefined) return patch;
  const place = formatPath(finding.path.slice(finding.path.indexOf("patch")));
  throw wrong(
    patch.name ?? "",
    `${place}: ${finding.message}`,
    "correct the file; +merge and +json before the ending say what type a patch is of",
  );
}

function filesOf(directory: string): readonly string[] {
  const entries = attempt(directory, () => readdirSync(directory, { withFileTypes: true }));
  return entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry: Dirent) => (entry.isDirectory() ? filesOf(join(directory, entry.name)) : [join(directory, entry.name)]));
}

function attempt<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw wrong(file, `cannot be read: ${(cause as Error).message}`, "--patches names a folder of kubeadm's patches", cause);
  }
}

function wrong(file: string, message: string, hint: string, cause?: unknown): KbootError {
  return new KbootError("patch", message, { where: { file }, hint, cause });
}

/** Target and type, or why the file is no patch. */
function parseName(file: string): { readonly target: PatchTarget; readonly type: PatchType } | string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  if (!/.\.(json|yaml)$/.test(name)) return "the name of a patch ends in .json or .yaml";
  const target = patchTargets.find((one) => name.startsWith(one));
  if (target === undefined) return `the name of a patch begins with one of ${patchTargets.join(", ")}`;
  const [, type] = /\+(.*)\.(json|yaml)$/.exec(name) ?? [];
  if (type === undefined) return { target, type: "strategic" };
  const known = patchTypes.find((one) => one === type);
  if (known === undefined) {
    throw wrong(file, `${type === "" ? "there is no type" : `${type} is no type`} of patch after +`, suggest(type, patchTypes));
  }
  return { target, type: known };
}

/** As kubeadm's YAML reads them: version 1.1 without times and numbers to the base of sixty. */
const customTags = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag === "string" || (tag.format !== "TIME" && tag.tag !== "tag:yaml.org,2002:timestamp"));

function documentsOf(file: string, text: string): readonly Patch["patch"][] {
  const parsed = parseAllDocuments(text, { version: "1.1", merge: true, customTags });
  const documents = Array.isArray(parsed) ? parsed : [];
  return documents.flatMap((document) => {
    const [broken] = [...document.errors, ...document.warnings];
    if (broken !== undefined) throw wrong(file, `this is not YAML: ${broken.message.split("\n")[0]}`, "correct the file", broken);
    const value = writtenOut(file, document);
    if (value === null || value === undefined) return [];
    if (typeof value !== "object") throw wrong(file, "a patch is a map, or a list of operations", "correct the file");
    return [value as Patch["patch"]];
  });
}

/** Without anchors: what they stand for is written out, as an inventory has it. */
function writtenOut(file: string, document: Document.Parsed): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS()) ?? "null");
  } catch (cause) {
    throw wrong(file, `an anchor or alias leads nowhere: ${(cause as Error).message.split("\n")[0]}`, "write the value out", cause);
  }
}
