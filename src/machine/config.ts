import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { KbootError } from "../errors.ts";
import type { NotTaken } from "../kubeadm/taken.ts";
import { specOfKubeadm } from "../kubeadm/to-inventory.ts";
import { type KubeadmDocuments, parseKubeadmDocuments } from "../kubernetes/kubeadm-documents/parse.ts";
import type { InitBase } from "./init-document.ts";

/** What a file of `--config` says. */
export interface MachineConfig {
  readonly file: string;
  /** `spec` of a document of kboot's own, an inventory without hosts; not yet judged. */
  readonly own: Readonly<Record<string, unknown>>;
  /** kubeadm's documents. */
  readonly kubeadm: KubeadmDocuments;
}

/**
 * Reads kubeadm's documents and one of kboot's own, in any order. Throws KbootError `usage` for a file that cannot be read or holds nothing of
 * the kind, `kubeadm-config` for what is wrong in kubeadm's documents.
 */
export async function readConfig(file: string): Promise<MachineConfig> {
  const text = await readFile(file, "utf8").catch((cause: Error) => {
    throw new KbootError("usage", `cannot read the configuration: ${cause.message}`, {
      where: { file },
      hint: "name another with --config",
      cause,
    });
  });
  const documents = parseAllDocuments(text);
  const mine = (Array.isArray(documents) ? documents : []).filter((document) => /^kboot\.dev\//.test(String(document.get?.("apiVersion"))));
  const theirs = mine.reduce((rest, { range: [from, , to] }) => blank(rest, from, to), text);
  if (mine.length > 1) throw new KbootError("usage", "the file holds two documents of kboot's", { where: { file }, hint: "keep one" });
  const own = mine[0] === undefined ? {} : ownSpec(mine[0].toJS(), file);
  const isEmpty = theirs.replaceAll(/^---.*$/gm, "").trim() === "";
  return { file, own, kubeadm: isEmpty && mine.length > 0 ? {} : parseKubeadmDocuments(theirs, file) };
}

/** Keeps every line and column of the rest where it was. */
function blank(text: string, from: number, to: number): string {
  return text.slice(0, from) + text.slice(from, to).replaceAll(/[^\n]/g, " ") + text.slice(to);
}

function ownSpec(values: unknown, file: string): Readonly<Record<string, unknown>> {
  const { hosts, ...spec } = (values as { spec?: Record<string, unknown> }).spec ?? {};
  if (hosts === undefined) return spec;
  throw new KbootError("usage", "this inventory lists hosts, which are not this machine by itself", {
    where: { file },
    hint: "--inventory FILE reaches them; for this machine alone leave hosts out of the file",
  });
}

/** Fields of InitConfiguration that `kboot init` itself heeds, or that are about pulling and waiting, which it does in its own way. */
const ofTheRun =
  /^InitConfiguration\.(bootstrapTokens|skipPhases|dryRun|timeouts|nodeRegistration\.(ignorePreflightErrors|imagePullPolicy|imagePullSerial))\b|\.networking\.podSubnet$/;

/**
 * What the file says of cluster and machine, kboot's own document over kubeadm's. `address` is the machine's, where the file names none. Throws KbootError
 * `kubeadm-config` that names every field which kboot cannot do.
 */
export function baseOf({ file, own, kubeadm }: MachineConfig, address: string): InitBase {
  const { InitConfiguration = {} } = kubeadm;
  const localAPIEndpoint = { advertiseAddress: address, ...InitConfiguration.localAPIEndpoint };
  const isKubeadm = Object.keys(kubeadm).length > 0;
  const taken = isKubeadm
    ? specOfKubeadm({ ...kubeadm, InitConfiguration: { ...InitConfiguration, localAPIEndpoint } }, { file })
    : undefined;
  const lost = (taken?.notTaken ?? []).filter(({ field }) => !ofTheRun.test(field));
  if (lost.length > 0) {
    throw new KbootError("kubeadm-config", lost.map((one) => describe(file, one)).join("\n"), {
      hint: "take these out of the file, or make this cluster with kubeadm",
    });
  }
  const { nodeAddress: _address, ...host } = taken?.host ?? {};
  return { spec: { ...taken?.spec, ...own }, host };
}

function describe(file: string, { field, message }: NotTaken): string {
  return `${file}: ${field} ${message}`;
}
