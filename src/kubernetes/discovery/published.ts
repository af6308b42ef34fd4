import { KbootError } from "../../errors.ts";
import { readKubeconfig } from "../../pki/kubeconfig.ts";
import { fingerprintsOf } from "../../pki/read.ts";
import { Secret } from "../../secret.ts";
import { type Endpoint, endpointOf } from "../endpoint.ts";

/** What cluster-info says of its cluster. */
export interface Published {
  readonly server: string;
  /** Of `server`. */
  readonly named: Endpoint;
  /** PEM; at least one certificate, all of them readable. */
  readonly caCert: string;
}

/** Reads the kubeconfig of cluster-info; undefined when it lacks a server or its CA. */
export function readPublished(kubeconfig: string): Published | undefined {
  const { server, caCert } = readKubeconfig(new Secret(kubeconfig), { mayLackContext: true }) ?? {};
  const named = server === undefined ? undefined : endpointOf(server);
  if (server === undefined || named === undefined || caCert === undefined || fingerprintsOf(caCert) === "") return undefined;
  return { server, named, caCert };
}

/** As `readPublished`, of cluster-info that must be whole. Throws KbootError `discovery`. */
export function needPublished(kubeconfig: string, address: string): Published {
  const published = readPublished(kubeconfig);
  if (published !== undefined) return published;
  throw new KbootError("discovery", `cluster-info of the API at ${address} names no https server with its CA`, {
    hint: "on a control plane: kubectl -n kube-public get configmap cluster-info -o yaml; `kboot apply` writes it anew",
  });
}
