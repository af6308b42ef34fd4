import { readFile } from "node:fs/promises";
import type { Api } from "../engine/contracts.ts";
import type { Reached } from "../engine/reach.ts";
import { Vault } from "../engine/vault.ts";
import { KbootError } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { learnCa, reachedControlPlane } from "../kubernetes/administrator.ts";
import { openApi } from "../kubernetes/api.ts";
import { dial, endpointOf } from "../kubernetes/endpoint.ts";
import { openHealthyApi } from "../kubernetes/open-healthy-api.ts";
import { readKubeconfig } from "../pki/kubeconfig.ts";
import { Secret } from "../secret.ts";
import { openInventory } from "./inventory-file.ts";
import { withControlPlanes } from "./reach-cluster.ts";

/** How a command finds the cluster: over SSH by an inventory, else by a kubeconfig on this machine. */
export interface ApiOptions {
  readonly file?: string;
  readonly kubeconfig?: string;
}

/** Where a control plane keeps its administrator's kubeconfig. */
const adminConfig = "/etc/kubernetes/admin.conf";

/** Lends the API to `use`, as an administrator. Throws KbootError `api` when none answers. */
export async function withApi<T>(options: ApiOptions, command: string, signal: AbortSignal, use: (api: Api) => Promise<T>): Promise<T> {
  if (options.file === undefined) return use(await openLocalApi(options.kubeconfig ?? adminConfig, signal));
  const { cluster } = await openInventory(options.file);
  return withControlPlanes(cluster, command, signal, async (reached) => use(await openControlPlaneApi(cluster, reached, signal)));
}

/** The API of the first control plane whose server is ready, as an administrator. Throws KbootError `api` when none is. */
export async function openControlPlaneApi(cluster: Cluster, { hosts, facts }: Reached, signal: AbortSignal): Promise<Api> {
  const vault = new Vault();
  if (learnCa(cluster, facts, vault) === undefined) {
    throw new KbootError(
      "api",
      "no control plane that was reached has the cluster's CA with its key, or an administrator's kubeconfig of that CA",
      {
        hint: `is it a control plane of a cluster, with ${cluster.certificatesDir}/ca.key on it, or, where the key is elsewhere, an admin.conf that is valid now?`,
      },
    );
  }
  const controlPlanes = [...hosts].map(([name, host]) => reachedControlPlane(host, cluster, facts.get(name)));
  const api = await openHealthyApi(controlPlanes, vault, signal);
  if (api !== undefined) return api;
  const [first] = hosts.values();
  throw new KbootError("api", "the API of the cluster does not answer", {
    hint: `see there: journalctl -u kubelet${first === undefined ? "" : `, on ${first.address}`}`,
    transient: true,
  });
}

async function openLocalApi(path: string, signal: AbortSignal): Promise<Api> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new KbootError("usage", `cannot read the kubeconfig ${path}: ${cause.message}`, {
      hint: "run this on a control plane as root, name another with --kubeconfig, or an inventory with -f",
      cause,
    });
  });
  const { server, caCert, certificatePem, key } = readKubeconfig(new Secret(text)) ?? {};
  const endpoint = server === undefined ? undefined : endpointOf(server);
  if (endpoint === undefined || caCert === undefined || certificatePem === undefined || key === undefined) {
    throw new KbootError("usage", `${path} is not a kubeconfig with a server, its CA and a certificate with its key`, {
      hint: "name another with --kubeconfig, or an inventory with -f",
    });
  }
  return openApi({ connect: () => dial(endpoint, signal), caCert, credential: { certificatePem, key } });
}
