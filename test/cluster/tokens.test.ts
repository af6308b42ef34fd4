import test from "ava";
import { execa } from "execa";
import { bootstrapTokenRef } from "../../src/kubernetes/bootstrap-token.ts";
import { clusterInfo } from "../../src/kubernetes/cluster-info.ts";
import { kbootConfig } from "../../src/kubernetes/kboot-config.ts";
import { objectKind } from "../../src/resources/object.ts";
import { testCluster } from "../kubernetes/fixture.ts";
import { startApiServer } from "./support/api-server.ts";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
const { signal } = new AbortController();

test("tokens are made, listed and deleted as kubeadm does it, and each sees those of the other", async (t) => {
  const server = await startApiServer("1.36.3");
  t.teardown(() => server.stop());
  const kboot = (...words: readonly string[]) =>
    execa(process.execPath, [main, "token", ...words, "--kubeconfig", server.kubeconfig], { reject: false });

  t.is((await kboot("list")).stdout, await server.run("kubeadm", ["token", "list"]), "no token: no headings either");
  const words = ["--description", "two hours", "--ttl", "2h"];
  t.is((await kboot("create", "abcdef.0123456789abcdef", ...words)).stdout, "abcdef.0123456789abcdef");
  await kboot("create", "abcdeg.0123456789abcdef", "--ttl", "0", "--usages", "signing");
  await kboot("create", "abcdeh.0123456789abcdef", "--groups", "system:bootstrappers:a,system:bootstrappers:b");
  const made = (await kboot("create")).stdout;
  t.regex(made, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  await server.run("kubeadm", ["token", "create", "abcdei.0123456789abcdef"]);
  for (const form of ["text", "json", "yaml"]) {
    const own = await kboot("list", "-o", form);
    t.is(own.stdout, await server.run("kubeadm", ["token", "list", "-o", form]), form);
    t.is(own.exitCode, 0);
  }

  const again = await kboot("create", "abcdef.0123456789abcdef");
  t.is(again.exitCode, 5);
  t.regex(again.stderr, /^there is a token with the id abcdef already\nhint: kboot token delete abcdef$/m);
  const deleted = await kboot("delete", "abcdeg", "abcdeh.0123456789abcdef");
  t.is(deleted.stdout, 'bootstrap token "abcdeg" deleted\nbootstrap token "abcdeh" deleted');
  t.is(await server.api.get(bootstrapTokenRef("abcdeh"), signal), undefined);
  const missing = await kboot("delete", "abcdeg");
  t.is(missing.exitCode, 64);
  t.regex(missing.stderr, /^there is no token with the id abcdeg\nhint: kboot token list$/m);
});

test("the join command is kubeadm's own, with the endpoint's name where only kboot's hosts know it", async (t) => {
  const server = await startApiServer("1.36.3");
  t.teardown(() => server.stop());
  const kboot = () =>
    execa(process.execPath, [main, "token", "create", "--print-join-command", "--for", "kubeadm", "--kubeconfig", server.kubeconfig], {
      reject: false,
    });
  const port = /127\.0\.0\.1:(\d+)/.exec(await server.run("kubectl", ["config", "view"]))?.[1] ?? "";
  const without = await kboot();
  t.is(without.exitCode, 5, "a cluster that does not publish its CA");
  t.is((await server.run("kubeadm", ["token", "list"])).trim(), "", "and no token is left over");

  const apply = async (cluster: ReturnType<typeof testCluster>) => {
    const resources = [...clusterInfo(cluster, server.caCert), ...kbootConfig(cluster)];
    const items = resources.map((resource) => ({ resource, observed: { live: undefined }, differences: [] }));
    await objectKind.change(items, server.api, signal);
  };
  await apply(testCluster({ endpoint: { host: "127.0.0.1", port: Number(port), managed: false } }));
  const hide = (line: string) => line.trim().replace(/--token \S+/, "--token T");
  const theirs = await server.run("kubeadm", ["token", "create", "--print-join-command"]);
  t.is(hide((await kboot()).stdout), hide(theirs));

  await apply(testCluster({ endpoint: { host: "api.lab.internal", port: 6443, managed: true } }));
  await server.api.apply(
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "cp1", labels: { "node-role.kubernetes.io/control-plane": "" } },
    },
    { manager: "test" },
    signal,
  );
  await server.run("kubectl", [
    "patch",
    "node",
    "cp1",
    "--subresource=status",
    "-p",
    '{"status":{"addresses":[{"type":"InternalIP","address":"192.0.2.11"}]}}',
  ]);
  const { stdout } = await kboot();
  t.regex(
    stdout,
    /^grep -qwF 'api\.lab\.internal' \/etc\/hosts \|\| echo '192\.0\.2\.11 api\.lab\.internal' >> \/etc\/hosts; kubeadm join api\.lab\.internal:6443 --token /,
  );
});
