import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { KbootError } from "../errors.ts";
import type { InitBase } from "./init-document.ts";

/**
 * What a file of `--config` says. A document of kboot's own is an inventory whose `spec` is taken; where it lists hosts, those are left to
 * `--inventory`. Throws KbootError `usage` for a file that cannot be read or holds nothing of the kind.
 */
export async function readInitConfig(file: string): Promise<InitBase> {
  const text = await readFile(file, "utf8").catch((cause: Error) => {
    throw new KbootError("usage", `cannot read the configuration: ${cause.message}`, {
      where: { file },
      hint: "name another with --config",
      cause,
    });
  });
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) throw nothingIn(file);
  const broken = documents.flatMap(({ errors }) => errors)[0];
  if (broken !== undefined) {
    throw new KbootError("usage", `this is not YAML: ${broken.message.split("\n")[0]}`, { where: { file }, hint: "correct the file" });
  }
  const values = documents.map((document) => document.toJS() as unknown).filter(isMap);
  const [own] = values.filter(({ apiVersion }) => String(apiVersion).startsWith("kboot.dev/"));
  if (own === undefined) throw nothingIn(file);
  const { hosts, ...spec } = isMap(own["spec"]) ? own["spec"] : {};
  if (hosts !== undefined) {
    throw new KbootError("usage", "this inventory lists hosts, which are not this machine by itself", {
      where: { file },
      hint: "kboot init --inventory FILE reaches them; for this machine alone leave hosts out of the file",
    });
  }
  return { spec };
}

function nothingIn(file: string): KbootError {
  return new KbootError("usage", "the file holds no document that kboot knows", {
    where: { file },
    hint: "kinds are Cluster of kboot.dev/v1alpha1",
  });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
