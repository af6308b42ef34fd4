import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { KbootError } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { buildKubeconfig, readKubeconfig } from "../pki/kubeconfig.ts";
import { type KubeconfigEntry, mergeKubeconfig } from "../pki/merge-kubeconfig.ts";
import { Secret } from "../secret.ts";
import { openInventory } from "./inventory-file.ts";
import { readFrom, withControlPlanes } from "./reach-cluster.ts";
import { assertReplaceable, followLinks, isMissing, replaceFile } from "./replace-file.ts";

interface Options {
  readonly file?: string;
  readonly merge?: boolean;
  readonly kubeconfigFile?: string;
  readonly use?: boolean;
}

/** `kboot kubeconfig`: prints the administrator's, or merges it into the user's own file. */
export async function kubeconfig(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const options = given as Options;
  const target = options.merge ? chooseFile(options.kubeconfigFile, process.env) : undefined;
  if (target === undefined && (options.use || options.kubeconfigFile !== undefined)) {
    throw new KbootError("usage", "--use and --kubeconfig-file have no meaning without --merge", { hint: "add --merge" });
  }
  const { cluster } = await openInventory(options.file);
  // what will be refused is refused before anybody is asked
  if (target !== undefined) {
    mergeKubeconfig(await readOwn(target), { ...nothing, name: cluster.name }, false);
    await writing(target, async () => assertReplaceable(await followLinks(target)));
  }
  const entry = await readEntry(cluster, signal);
  if (target === undefined) {
    process.stdout.write(buildKubeconfig({ ...entry, user: "kubernetes-admin", context: entry.name }).reveal());
    return;
  }
  const { text, currentContext } = mergeKubeconfig(await readOwn(target), entry, options.use === true);
  await writing(target, async () => replaceFile(await followLinks(target), text.reveal()));
  const isCurrent = currentContext === entry.name;
  const words = [
    "kubectl",
    ...(options.kubeconfigFile === undefined ? [] : ["--kubeconfig", target]),
    ...(isCurrent ? [] : ["--context", entry.name]),
    "get nodes",
  ];
  process.stdout.write(
    `${target}: context ${entry.name}${isCurrent ? ", which is the current one" : `; the current one is still ${currentContext}`}\nnext: ${words.join(" ")}\n`,
  );
}

const nothing = { server: "", caCert: "", certificatePem: "", key: new Secret("") };

/** The file that the user named, else the one that KUBECONFIG names, else the usual one. */
export function chooseFile(named: string | undefined, env: NodeJS.ProcessEnv): string {
  if (named !== undefined) return named;
  const files = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (files.length > 1) {
    throw new KbootError("usage", "KUBECONFIG names several files", { hint: "say into which to merge: --kubeconfig-file PATH" });
  }
  return files[0] ?? join(homedir(), ".kube", "config");
}

async function writing(path: string, write: () => Promise<void>): Promise<void> {
  await write().catch((cause: Error) => {
    throw new KbootError("usage", `cannot write ${path}: ${cause.message}`, { hint: "name another with --kubeconfig-file", cause });
  });
}

async function readOwn(path: string): Promise<Secret> {
  try {
    return new Secret(await readFile(path, "utf8"));
  } catch (cause) {
    if (isMissing(cause)) return new Secret("");
    throw new KbootError("usage", `cannot read ${path}: ${(cause as Error).message}`, {
      hint: "name another with --kubeconfig-file",
      cause,
    });
  }
}

/** The administrator's credential, with the address by which the operator reaches a control plane. */
async function readEntry(cluster: Cluster, signal: AbortSignal): Promise<KubeconfigEntry> {
  return withControlPlanes(cluster, "kubeconfig", signal, async ({ hosts }) => {
    const [host] = hosts.values();
    if (host === undefined) throw new KbootError("unreachable", "no control plane was reached");
    const found = readKubeconfig(new Secret(await readFrom(host, "read admin.conf", "cat /etc/kubernetes/admin.conf", signal)));
    if (found?.caCert === undefined || found.certificatePem === undefined || found.key === undefined) {
      throw new KbootError("script", "/etc/kubernetes/admin.conf is not a kubeconfig with a certificate", { where: { host: host.name } });
    }
    const local = cluster.hosts.find(({ name }) => name === host.name)?.transport === "local";
    return {
      name: cluster.name,
      server: local ? (found.server ?? "") : `https://${host.address}:${cluster.bindPort}`,
      caCert: found.caCert,
      certificatePem: found.certificatePem,
      key: found.key,
    };
  });
}
