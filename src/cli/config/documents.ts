import { readFile } from "node:fs/promises";
import { KbootError } from "../../errors.ts";
import { type ParsedDocuments, parseKubeadmDocuments } from "../../kubernetes/kubeadm-documents/parse.ts";

/** The documents in a file. Throws KbootError `usage` when it cannot be read, and `kubeadm-config` for what is wrong in it. */
export async function readKubeadmDocuments(file: string): Promise<ParsedDocuments> {
  const text = await readFile(file, "utf8").catch((cause: Error) => {
    throw new KbootError("usage", `cannot read ${file}: ${cause.message}`, { hint: "name a file with kubeadm's documents", cause });
  });
  return parseKubeadmDocuments(text, file);
}
