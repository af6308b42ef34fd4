import test from "ava";
import { parse } from "yaml";
import { buildKubeconfig, buildKubeletKubeconfig, buildTokenKubeconfig, readKubeconfig } from "../../src/pki/kubeconfig.ts";
import { Secret } from "../../src/secret.ts";

const api = { server: "https://192.168.56.11:6443", caCert: `the CA ${"x".repeat(200)}` };
const base64 = (text: string) => Buffer.from(text).toString("base64");

test("a kubeconfig has the bytes that kubeadm would write", (t) => {
  const text = buildKubeconfig({
    ...api,
    user: "kubernetes-admin",
    certificatePem: "the certificate",
    key: new Secret("the key"),
  }).reveal();
  t.is(
    text,
    `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64(api.caCert)}
    server: https://192.168.56.11:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: ${base64("the certificate")}
    client-key-data: ${base64("the key")}
`,
  );
});

test("what was written is read back, with another context's name too", (t) => {
  const text = buildKubeconfig({ ...api, user: "u", context: "lab", certificatePem: "the certificate", key: new Secret("the key") });
  const { key, ...rest } = readKubeconfig(text) ?? {};
  t.is(parse(text.reveal())["current-context"], "lab");
  t.is(key?.reveal(), "the key");
  const others = {
    certificatePath: undefined,
    keyPath: undefined,
    caPath: undefined,
    token: undefined,
    tokenPath: undefined,
    otherLogins: [],
  };
  t.deepEqual(rest, { ...api, certificatePem: "the certificate", ...others });
});

test("a joining kubelet is given a token", (t) => {
  const token = new Secret("abcdef.0123456789abcdef");
  const file = parse(buildTokenKubeconfig({ ...api, token }).reveal());
  t.deepEqual(file.users, [{ name: "tls-bootstrap-token-user", user: { token: "abcdef.0123456789abcdef" } }]);
  t.is(file["current-context"], "tls-bootstrap-token-user@kubernetes");
});

test("the kubelet's final kubeconfig names a path twice and holds no key", (t) => {
  const clientPath = "/var/lib/kubelet/pki/kubelet-client-current.pem";
  const text = buildKubeletKubeconfig({ ...api, user: "system:node:cp1", clientPath });
  t.deepEqual(parse(text).users, [{ name: "system:node:cp1", user: { "client-certificate": clientPath, "client-key": clientPath } }]);
  t.like(readKubeconfig(new Secret(text)), { ...api, certificatePath: clientPath, keyPath: clientPath, key: undefined });
});

test("a file that is no kubeconfig is undefined, and one without a current context says nothing", (t) => {
  t.is(readKubeconfig(new Secret("a: [")), undefined);
  t.is(readKubeconfig(new Secret("")), undefined);
  t.is(readKubeconfig(new Secret("apiVersion: v1\nkind: Config\n"))?.server, undefined);
});

test("without a current context the only cluster and user are read on demand alone", (t) => {
  const one = `
clusters: [{ name: "", cluster: { server: "https://a:6443", certificate-authority: ca.crt } }]
contexts: null
users: [{ name: u, user: { token: secret, tokenFile: /t, exec: { command: c }, password: p, username: u } }]
`;
  const unread = readKubeconfig(new Secret(one));
  t.is(unread?.server, undefined);
  t.is(unread?.token, undefined);
  const { token, ...read } = readKubeconfig(new Secret(one), { mayLackContext: true }) ?? {};
  t.is(token?.reveal(), "secret");
  t.like(read, { server: "https://a:6443", caPath: "ca.crt", tokenPath: "/t", otherLogins: ["exec", "username"] });
  const named = readKubeconfig(new Secret(`${one}current-context: other\n`), { mayLackContext: true });
  t.is(named?.server, undefined);
  const two = one.replace("clusters: [", "clusters: [{ name: b, cluster: { server: https://b } }, ");
  t.is(readKubeconfig(new Secret(two), { mayLackContext: true })?.server, undefined);
});
