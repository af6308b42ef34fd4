import { stringify } from "yaml";
import type { Audit, Cluster, Network } from "../inventory/cluster.ts";
import { type ObjectResource, object } from "../resources/object.ts";
import { bootstrapGroup } from "./bootstrap-rbac.ts";
import { binding, configMap, group, mayGet, role } from "./build.ts";
import { withoutCredentials } from "./credentials.ts";

/** Name of the ConfigMap, in kube-system. */
export const kbootConfigName = "kboot-config";

const name = kbootConfigName;
const namespace = "kube-system";

/** ConfigMap kboot-config: the resolved wish without secrets and without what concerns the operator's machine; joining nodes may read it. */
export function kbootConfig(cluster: Cluster): readonly ObjectResource[] {
  const { file: _file, sources: _sources, hosts, ignoreChecks: _ignoreChecks, audit, ...shared } = cluster;
  const wish = {
    ...shared,
    containerd: withoutCredentials(cluster.containerd),
    network: withoutPassword(cluster.network),
    ...(audit === undefined ? {} : { audit: withoutPath(audit) }),
    hosts: hosts.map(({ name: host, nodeName, role: kind, labels, taints, containerRuntime }) => ({
      name: host,
      nodeName,
      role: kind,
      labels,
      taints,
      containerRuntime,
    })),
  };
  return [
    object(configMap({ name, namespace }, { "cluster.yaml": stringify(wish) })),
    role({ name: "kboot:config", namespace }, [mayGet("configmaps", name)]),
    binding({ name: "kboot:config", namespace }, "Role", "kboot:config", [group(bootstrapGroup), group("system:nodes")]),
  ];
}

/** A network as nodes may know it: the file of a password is on the operator's machine. */
function withoutPassword(network: Network): object {
  return Object.fromEntries(Object.entries(network).filter(([key]) => key !== "password" && key !== "passwordFile"));
}

function withoutPath({ policyFile: _policyFile, ...audit }: Audit): object {
  return audit;
}
