import test from "ava";
import type { KbootError } from "../../src/errors.ts";
import { kbootConfig, kbootConfigName } from "../../src/kubernetes/kboot-config.ts";
import { publishedCluster } from "../../src/machine/published.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster("{ name: cp1, role: control-plane, address: 192.0.2.1 }");
const published = kbootConfig(cluster).find(({ object }) => object.kind === "ConfigMap" && object.metadata.name === kbootConfigName);
const running = { kbootConfig: published?.object["data"] as Record<string, string>, documents: () => ({}) };
const server = "https://192.0.2.1:6443";

test("a cluster whose API server may have a kubelet of its version, or does not say its own, is joined", (t) => {
  for (const apiVersion of ["1.36.3", "1.36.0", "1.37.2", "1.39.0", undefined]) {
    t.is(publishedCluster(running, { server, apiVersion }).kubernetesVersion, "1.36.3", apiVersion);
  }
});

test("a kubelet that is newer than the API server, or four minors older, is refused with what to look at", (t) => {
  const refused = (apiVersion: string) => {
    const error = t.throws(() => publishedCluster(running, { server, apiVersion })) as KbootError;
    t.is(error.code, "kubelet-version");
    t.regex(error.hint ?? "", /get configmap kboot-config kubeadm-config/);
    return error.message;
  };
  t.regex(refused("1.35.4"), /^a kubelet of 1\.36\.3 is newer than the API server, 1\.35\.4/);
  t.regex(refused("1.40.0"), /^a kubelet of 1\.36\.3 is more than 3 minors older than the API server, 1\.40\.0/);
});
