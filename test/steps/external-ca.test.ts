import type { V1Pod } from "@kubernetes/client-node";
import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import type { KubeconfigResource } from "../../src/resources/kubeconfig.ts";
import type { StaticPodResource } from "../../src/resources/static-pod.ts";
import { Secret } from "../../src/secret.ts";
import { writeControlPlane } from "../../src/steps/write-control-plane.ts";
import { writeKubeconfigs } from "../../src/steps/write-kubeconfigs.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster("{ name: cp1, role: control-plane, address: 192.0.2.1 }");

function siteWith(kubernetes: { readonly caCert?: string; readonly caKey?: Secret }, live?: object): Site<Live> {
  const facts = new Map([["cp1", { directories: [], kubernetes }]]);
  return { cluster, live, facts, nodeAddress: new Map([["cp1", "192.0.2.1"]]) } as unknown as Site<Live>;
}

function controllerManager(site: Site<Live>) {
  const pods = (writeControlPlane.resources?.(site, "cp1") ?? []) as readonly StaticPodResource[];
  const found = pods.find(({ name }) => name === "kube-controller-manager");
  const pod = found?.pod as V1Pod | undefined;
  const { command = [] } = pod?.spec?.containers[0] ?? {};
  return { inputs: found?.inputs, signing: command.filter((word) => word.startsWith("--cluster-signing")) };
}

test("where the CA's key is elsewhere, the controller manager signs nothing, and waits for no key", (t) => {
  const { inputs, signing } = controllerManager(siteWith({ caCert: "a CA" }));
  t.deepEqual(signing, ["--cluster-signing-cert-file=", "--cluster-signing-key-file="]);
  t.false(inputs?.includes("/etc/kubernetes/pki/ca.key"));
  t.true(inputs?.includes("/etc/kubernetes/pki/ca.crt"));
});

test("it signs where the key is there, and where both are yet to be made", (t) => {
  for (const kubernetes of [{ caCert: "a CA", caKey: new Secret("its key") }, {}]) {
    const { inputs, signing } = controllerManager(siteWith(kubernetes));
    t.deepEqual(signing, [
      "--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt",
      "--cluster-signing-key-file=/etc/kubernetes/pki/ca.key",
    ]);
    t.true(inputs?.includes("/etc/kubernetes/pki/ca.key"));
  }
});

test("super-admin.conf alone may be missing, once there is a cluster", (t) => {
  const dispensable = (live?: object) =>
    ((writeKubeconfigs.resources?.(siteWith({}, live), "cp1") ?? []) as readonly KubeconfigResource[])
      .filter(({ isDispensable }) => isDispensable)
      .map(({ path }) => path);
  t.deepEqual(dispensable(), []);
  t.deepEqual(dispensable({}), ["/etc/kubernetes/super-admin.conf"]);
});
