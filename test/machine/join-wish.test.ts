import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { parseKubeadmDocuments } from "../../src/kubernetes/kubeadm-documents/parse.ts";
import { readJoinWish } from "../../src/machine/join-wish.ts";

const token = "abcdef.0123456789abcdef";
const hash = `sha256:${"ab".repeat(32)}`;

function configOf(text: string) {
  return { file: "join.yaml", own: {}, kubeadm: parseKubeadmDocuments(text, "join.yaml") };
}

const join = (more: string) => configOf(`apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n${more}`);

test("the line that is printed says all", (t) => {
  const wish = readJoinWish({ token, discoveryTokenCaCertHash: [hash] }, "10.0.0.5:6443", undefined);
  t.like(wish, { discovery: { kind: "token", endpoint: "10.0.0.5:6443", caCertHashes: [hash], unsafeSkipCaVerification: false } });
  t.is(wish.tlsBootstrapToken?.id, "abcdef");
});

test("a file says the same, and flags go over it", (t) => {
  const config = join(`discovery:
  bootstrapToken: { token: ${token}, apiServerEndpoint: "10.0.0.5:6443", caCertHashes: ["${hash}"] }
nodeRegistration: { name: vm7, ignorePreflightErrors: [Swap] }
timeouts: { discovery: 2m }
skipPhases: [preflight]
`);
  t.like(readJoinWish({}, undefined, config), {
    discovery: { kind: "token", endpoint: "10.0.0.5:6443", caCertHashes: [hash] },
    timeoutSeconds: 120,
    ignorePreflightErrors: ["Swap"],
    skipPhases: ["preflight"],
  });
  const over = readJoinWish({ skipPhases: "kubelet-start" }, "10.0.0.6:6443", config);
  t.like(over, { discovery: { endpoint: "10.0.0.6:6443" }, skipPhases: ["kubelet-start"] });
});

test("a discovery file needs no endpoint, and the token is then for the first certificate", (t) => {
  const wish = readJoinWish({ discoveryFile: "/root/cluster.conf", token }, undefined, undefined);
  t.deepEqual(wish.discovery, { kind: "file", file: "/root/cluster.conf" });
  t.is(wish.tlsBootstrapToken?.id, "abcdef");
});

test("what cannot be meant is refused, without the token", (t) => {
  for (const run of [
    () => readJoinWish({}, "10.0.0.5:6443", undefined),
    () => readJoinWish({ token }, undefined, undefined),
    () => readJoinWish({ discoveryFile: "f", token }, "10.0.0.5:6443", undefined),
    () => readJoinWish({ token: "abcdef.short" }, "10.0.0.5:6443", undefined),
    () => readJoinWish({ token, criSocket: "/run/crio/crio.sock" }, "10.0.0.5:6443", undefined),
  ]) {
    const error = t.throws(run, { instanceOf: KbootError, code: "usage" });
    t.false(`${error.message} ${(error as KbootError).hint}`.includes("0123456789abcdef"));
    t.not((error as KbootError).hint, undefined);
  }
});
