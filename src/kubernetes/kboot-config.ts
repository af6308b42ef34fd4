import { homedir } from "node:os";
import { stringify } from "yaml";
import type { ArtifactSource, Cluster, ClusterHost } from "../inventory/cluster.ts";
import { describeCluster } from "../inventory/describe.ts";
import { parseInventory } from "../inventory/parse.ts";
import { type ObjectResource, object } from "../resources/object.ts";
import { bootstrapGroup } from "./bootstrap-rbac.ts";
import { binding, configMap, group, mayGet, role } from "./build.ts";
import { withoutCredentials } from "./credentials.ts";

/** Name of the ConfigMap, in kube-system. */
export const kbootConfigName = "kboot-config";

const name = kbootConfigName;
const namespace = "kube-system";
const auditPolicyFile = "audit-policy.yaml";

/** Data of the ConfigMap, by key. */
export type KbootConfigData = Readonly<Record<string, string | undefined>>;

/**
 * ConfigMap kboot-config: the inventory, and the audit policy that it names, without secrets and without what is the operator's own:
 * `inventory.yaml`, where each host's address is the name of its node. Joining nodes may read it.
 */
export function kbootConfig(cluster: Cluster): readonly ObjectResource[] {
  const { audit } = cluster;
  const data = {
    "inventory.yaml": stringify(describeCluster(sharedPart(cluster))),
    ...(audit === undefined ? {} : { [auditPolicyFile]: audit.policy }),
  };
  return [
    object(configMap({ name, namespace }, data)),
    role({ name: "kboot:config", namespace }, [mayGet("configmaps", name)]),
    binding({ name: "kboot:config", namespace }, "Role", "kboot:config", [group(bootstrapGroup), group("system:nodes")]),
  ];
}

/** The cluster that the data of a ConfigMap kboot-config describe; undefined when they describe none. */
export function readKbootConfig(data: KbootConfigData): Cluster | undefined {
  const { cluster } = parseInventory(data["inventory.yaml"] ?? "", { file: `/${name}`, home: homedir() });
  if (cluster?.audit === undefined) return cluster;
  return { ...cluster, audit: { ...cluster.audit, policy: data[auditPolicyFile] ?? "" } };
}

/** Where there is no SSH: the settings of one that nobody wrote down. */
const usualSsh = { user: "root", port: 22, identityFiles: [], knownHostsFile: `${homedir()}/.ssh/known_hosts`, connectTimeoutSeconds: 10 };

function sharedPart(cluster: Cluster): Cluster {
  const { network, audit } = cluster;
  return {
    ...cluster,
    hosts: cluster.hosts.map((host): ClusterHost => ({ ...host, transport: "ssh", address: host.nodeName, ssh: usualSsh })),
    containerd: withoutCredentials(cluster.containerd) as Cluster["containerd"],
    network: network.plugin === "weave-net" ? { ...network, passwordFile: undefined } : network,
    audit: audit && { ...audit, policyFile: auditPolicyFile },
    sources: sharedSources(cluster.sources),
    ignoreChecks: [],
  };
}

/** Those that are not on the operator's machine. */
function sharedSources(sources: readonly ArtifactSource[]): readonly ArtifactSource[] {
  const shared = sources.filter(({ kind }) => kind !== "bundle");
  return shared.length === 0 ? [{ kind: "upstream" }] : shared;
}
