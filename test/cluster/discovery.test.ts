import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { openApi } from "../../src/kubernetes/api.ts";
import { bootstrapRbac } from "../../src/kubernetes/bootstrap-rbac.ts";
import {
  type BootstrapToken,
  bootstrapTokenRef,
  bootstrapTokenSecret,
  generateBootstrapToken,
} from "../../src/kubernetes/bootstrap-token.ts";
import { clusterInfo } from "../../src/kubernetes/cluster-info.ts";
import { discover } from "../../src/kubernetes/discovery/discover.ts";
import { type DiscoverOptions, discoveredAccess } from "../../src/kubernetes/discovery/discovered.ts";
import { signatureKey } from "../../src/kubernetes/discovery/jws.ts";
import { kubeadmConfig } from "../../src/kubernetes/kubeadm-config.ts";
import { publicKeyPin } from "../../src/pki/read.ts";
import { type ObjectResource, objectKind } from "../../src/resources/object.ts";
import { Secret } from "../../src/secret.ts";
import { testCluster } from "../kubernetes/fixture.ts";
import { findProgram, startApiServer } from "./support/api-server.ts";

const { signal } = new AbortController();
const version = "1.36.3";

test("a cluster that comes up is found by what kube-controller-manager signs, until the token is deleted", async (t) => {
  const server = await startApiServer(version);
  t.teardown(() => server.stop());
  const options = ["--controllers=bootstrap-signer-controller", "--leader-elect=false", "--secure-port=0"];
  const signer = spawn(
    findProgram(`kubernetes-${version}-*`, "kube-controller-manager"),
    [`--kubeconfig=${server.kubeconfig}`, ...options],
    {
      stdio: "ignore",
    },
  );
  t.teardown(() => signer.kill());

  const [, endpoint = ""] = /https:\/\/(127\.0\.0\.1:\d+)/.exec(await server.run("kubectl", ["config", "view"])) ?? [];
  const caCertHashes = [publicKeyPin(server.caCert)];
  const find = (token: BootstrapToken, wish: Partial<DiscoverOptions> = {}) =>
    discover(
      { kind: "token", endpoint, token, caCertHashes, unsafeSkipCaVerification: false },
      { timeoutSeconds: 60, signal, say: () => {}, ...wish },
    );
  const apply = (resources: readonly ObjectResource[]) =>
    objectKind.change(
      resources.map((resource) => ({ resource, observed: { live: undefined }, differences: [] })),
      server.api,
      signal,
    );

  // no resolver knows the name, but the server's certificate bears it
  const cluster = testCluster({ endpoint: { host: "kubernetes", port: 6443, managed: true } });
  const token = generateBootstrapToken();
  const said: string[] = [];
  const found = await find(token, {
    say: (text) => {
      said.push(text);
      if (said.length === 1) void apply([...clusterInfo(cluster, server.caCert), ...kubeadmConfig(cluster), ...bootstrapRbac()]);
      if (text.includes("does not know the token")) {
        void server.api.apply(bootstrapTokenSecret(token, { expires: undefined }), { manager: "test" }, signal);
      }
    },
  });
  t.regex(said[0] ?? "", /does not show cluster-info to anonymous clients \(status 403\)$/);
  t.regex(said.at(-1) ?? "", /does not know the token/);
  t.is(found.server, "https://kubernetes:6443");
  t.is(found.caCert, server.caCert);
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kubeadm-config", namespace: "kube-system" } };
  const read = await openApi(discoveredAccess(found, signal)).get(configMap, signal);
  t.is(read?.metadata.name, "kubeadm-config", "which the token lets its holder read");

  const failure = async (wrong: BootstrapToken) => {
    const error = await t.throwsAsync(find(wrong, { patience: { unsignedMs: 3000 } }), { instanceOf: KbootError });
    return error.code;
  };
  t.is(await failure(generateBootstrapToken()), "token-expired");
  t.is(await failure({ ...token, secret: new Secret("0123456789abcdef") }), "discovery-untrusted");
  await server.api.delete(bootstrapTokenRef(token.id), signal);
  const info = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cluster-info", namespace: "kube-public" } };
  const isSigned = async () => JSON.stringify(await server.api.get(info, signal)).includes(signatureKey(token.id));
  for (let attempt = 0; attempt < 100 && (await isSigned()); attempt += 1) await sleep(200);
  t.is(await failure(token), "token-expired");
});
