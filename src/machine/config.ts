import { readFile } from "node:fs/promises";
import { type Document, parseAllDocuments } from "yaml";
import { KbootError } from "../errors.ts";
import { formatPath } from "../inventory/problem.ts";
import { fieldOfKubeadm, valueAt } from "../kubeadm/judge.ts";
import type { NotTaken, Taken } from "../kubeadm/taken.ts";
import { hostOfJoin, specOfKubeadm } from "../kubeadm/to-inventory.ts";
import { type KubeadmDocuments, parseKubeadmDocuments } from "../kubernetes/kubeadm-documents/parse.ts";
import { mergeDeep } from "../kubernetes/merge.ts";
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
  const parsed = parseAllDocuments(text);
  const documents = Array.isArray(parsed) ? parsed : [];
  const mine = documents.filter((document) => /^kboot\.dev\//.test(String(document.get?.("apiVersion"))));
  if (mine.length > 1) throw new KbootError("usage", "the file holds two documents of kboot's", { where: { file }, hint: "keep one" });
  const theirs = mine.reduce((rest, { range: [from, , to] }) => blank(rest, from, to), text);
  const own = mine[0] === undefined ? {} : ownSpec(mine[0], file);
  const isAllMine = mine.length > 0 && documents.every((document) => mine.includes(document) || document.contents === null);
  return { file, own, kubeadm: isAllMine ? {} : parseKubeadmDocuments(theirs, file) };
}

/** Keeps every line and column of the rest where it was. */
function blank(text: string, from: number, to: number): string {
  return text.slice(0, from) + text.slice(from, to).replaceAll(/[^\n]/g, " ") + text.slice(to);
}

function ownSpec(document: Document.Parsed, file: string): Readonly<Record<string, unknown>> {
  const wrong = (message: string, hint: string) => new KbootError("usage", message, { where: { file }, hint });
  const [broken] = [...document.errors, ...document.warnings];
  if (broken !== undefined) throw wrong(`this is not YAML: ${broken.message.split("\n")[0]}`, "correct the file");
  const { apiVersion, kind, metadata: _name, spec, ...others } = valuesOf(document, file);
  if (apiVersion !== "kboot.dev/v1alpha1" || kind !== "Cluster") {
    throw wrong(
      `${String(kind)} of ${String(apiVersion)} is no document that kboot knows`,
      "write kind: Cluster and apiVersion: kboot.dev/v1alpha1",
    );
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw wrong(`${unknown} is no field of a Cluster`, "its settings stand below spec");
  const { hosts, ...settings } = (spec ?? {}) as Readonly<Record<string, unknown>>;
  if (hosts === undefined) return settings;
  throw wrong(
    "this inventory lists hosts, which are not this machine by itself",
    "--inventory FILE reaches them; for this machine alone leave hosts out of the file",
  );
}

function valuesOf(document: Document.Parsed, file: string): Readonly<Record<string, unknown>> {
  try {
    return document.toJS() as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new KbootError("usage", `an anchor or alias leads nowhere: ${(cause as Error).message.split("\n")[0]}`, {
      where: { file },
      hint: "write the value out",
      cause,
    });
  }
}

/** What the command that reads the file does in a place of its own. */
const heeded =
  /^(Init|Join)Configuration\.(bootstrapTokens|skipPhases|dryRun|patches|nodeRegistration\.ignorePreflightErrors)\b|\.networking\.podSubnet$|^ClusterConfiguration\.kubernetesVersion$/;

/** What changes nothing about the machine when it is not kept to: whole documents for another command, and how to pull and wait. */
const harmless = /^\w+$|\.nodeRegistration\.imagePull(Policy|Serial)$|\.timeouts\b/;

/**
 * What the file says of cluster and machine, kboot's own document over kubeadm's. `address` is the machine's, by flag, file or default, and an IPv4 address where it is not the file's. `say` is told each
 * field that is not kept to and changes nothing. Throws KbootError `kubeadm-config` that names every other field which kboot cannot do.
 */
export function baseOf({ file, own, kubeadm }: MachineConfig, address: string, say: (text: string) => void): InitBase {
  const { InitConfiguration = {} } = kubeadm;
  const { advertiseAddress } = InitConfiguration.localAPIEndpoint ?? {};
  const localAPIEndpoint = { ...InitConfiguration.localAPIEndpoint, advertiseAddress: address };
  const isKubeadm = Object.keys(kubeadm).length > 0;
  const { spec, host, notTaken }: Taken = isKubeadm
    ? specOfKubeadm({ ...kubeadm, InitConfiguration: { ...InitConfiguration, localAPIEndpoint } }, { file })
    : { spec: {}, host: {}, notTaken: [] };
  account(file, notTaken, say, "take these out of the file, or make this cluster with kubeadm");
  const { nodeAddress: _address, nodeName, ...rest } = host;
  const said = { spec: { ...spec, hosts: [{ ...rest, nodeName, nodeAddress: advertiseAddress }] } };
  return {
    spec: mergeDeep(spec, own),
    host: rest,
    originOf(path) {
      if (valueAt({ spec: own }, path) !== undefined) return `${file}: Cluster.${formatPath(path)}`;
      return valueAt(said, path) === undefined ? undefined : `${file}: ${formatPath(fieldOfKubeadm(path))}`;
    },
  };
}

/** What the file says of a machine that joins, as fields of its entry under `hosts`. `say` and errors as with `baseOf`. */
export function joiningHostOf({ file, kubeadm }: MachineConfig, say: (text: string) => void): Taken["host"] {
  const { host, notTaken } = hostOfJoin(kubeadm);
  account(file, notTaken, say, "take these out of the file, or join this machine with kubeadm");
  return host;
}

/** Leaves no field out in silence. */
function account(file: string, notTaken: readonly NotTaken[], say: (text: string) => void, hint: string): void {
  const left = notTaken.filter(({ field }) => !heeded.test(field));
  const lost = left.filter(({ field }) => !harmless.test(field));
  if (lost.length > 0) throw new KbootError("kubeadm-config", lost.map((one) => describe(file, one)).join("\n"), { where: { file }, hint });
  for (const one of left) say(`not used: ${describe(file, one)}`);
}

function describe(file: string, { field, message }: NotTaken): string {
  return `${file}: ${field} ${message}`;
}
