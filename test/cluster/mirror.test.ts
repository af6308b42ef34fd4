import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { parseImageName } from "../../src/artifacts/registry.ts";
import { buildBundle } from "../components/build.ts";
import { type Door, openProxy, passOn, serveFolder } from "./support/doors.ts";
import { kboot, type Lab, lab, labSet, labUp, onHost, writeInventory } from "./support/lab.ts";
import { testImage, webPod } from "./support/pods.ts";
import { type Copy, type Registry, startRegistry } from "./support/registry.ts";

const version = "1.37.2";
const members = ["cp1", "worker1", "worker2"];
/** In the mirror alone; the other images are in the registry. */
const mirrored = "ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1";

let hosts: Lab;
let built: Awaited<ReturnType<typeof buildBundle>>;
let folder: string;
let inventory: string;
let mirror: Door;
let registry: Registry;
let registryDoor: Door;
let proxy: Door;

test.before(async () => {
  built = await buildBundle({ kubernetes: version });
  folder = await mkdtemp(join(tmpdir(), "kboot-mirror-"));
  hosts = await labUp(labSet(), { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", labSet());
  [mirror, registry] = await Promise.all([serveFolder(hosts.gateway, built.bundle), startRegistry(folder)]);
  [registryDoor, proxy] = await Promise.all([passOn(hosts.gateway, registry.url), openProxy(hosts.gateway)]);
  await onHost(hosts, "worker1", `echo 'http_proxy="http://${proxy.address}"' >> /etc/environment`);
  await registry.push(built.bundle, await listCopies());
  for (const door of [mirror, registryDoor]) for (const name of ["worker1", "worker2"]) door.refused.add(addressOf(name));
  const sources = [{ registry: `${registryDoor.address}/k8s`, insecure: true }, { mirror: `http://${mirror.address}/` }];
  inventory = await writeInventory(hosts, { folder, bundle: "", hosts: members, more: { kubernetesVersion: version, sources } });
  process.env["KBOOT_CACHE"] = join(folder, "cache");
});
test.after.always(async () => {
  for (const door of [mirror, registryDoor, proxy]) door?.stop();
  registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

function addressOf(name: string): string {
  return hosts.hosts.find((host) => host.name === name)?.address ?? "";
}

/** All images but one by upstream's paths, and that of test pods where upstream has none. */
async function listCopies(): Promise<readonly Copy[]> {
  const { images } = JSON.parse(await readFile(join(built.bundle, "bundle.json"), "utf8")) as { images: { name: string }[] };
  const copies = images.map(({ name }) => {
    const { repository, tag } = parseImageName(name);
    return { image: name, repository: `k8s/${repository}`, tag };
  });
  return [...copies.filter(({ image }) => image !== mirrored), { image: testImage, repository: "k8s/test/busybox", tag: "1" }];
}

async function kubectl(words: string, input = ""): Promise<string> {
  const { stdout } = await execa(built.kubectl, [`--kubeconfig=${join(folder, "kubeconfig")}`, ...words.split(" ")], { input });
  return stdout;
}

test("a cluster comes up from a mirror and a registry alone", async (t) => {
  const applied = await kboot("apply", "-f", inventory);
  t.is(applied.exitCode, 0, applied.stderr);
  const { stdout } = await kboot("kubeconfig", "-f", inventory);
  await writeFile(join(folder, "kubeconfig"), stdout, { mode: 0o600 });
  await kubectl(`wait --for=condition=Ready node ${members.join(" ")} --timeout=1s`);
  t.is(await kubectl("get nodes -o jsonpath={.items[*].status.nodeInfo.kubeletVersion}"), Array(3).fill(`v${version}`).join(" "));
});

test("a host that reaches the sources fetches for itself, also by a proxy; the operator sends to the one that does not", (t) => {
  const asked = (door: Door, name: string) => door.log.filter((line) => line.startsWith(`${addressOf(name)} GET `)).join("\n");
  const direct = `${asked(mirror, "cp1")}\n${asked(registryDoor, "cp1")}`;
  for (const [name, log] of [
    ["cp1", direct],
    ["worker1", asked(proxy, "worker1")],
  ] as const) {
    for (const part of ["kubernetes-", "containerd-", "runc-", "cni-plugins-", "/images/blobs/", "/v2/k8s/kube-proxy/blobs/"]) {
      t.true(log.includes(part), `${name} ${part}`);
    }
  }
  for (const name of ["worker1", "worker2"]) for (const door of [mirror, registryDoor]) t.is(asked(door, name), "");
  t.is(asked(proxy, "worker2"), "");
  // the proxy asks from the same address as the operator
  const bySelf = asked(proxy, "worker1")
    .split("\n")
    .filter((line) => line.includes("/files/")).length;
  const relayed = mirror.log.filter((line) => line.startsWith(`${hosts.gateway} GET /files/`)).length - bySelf;
  t.is(relayed, 4, "each file is fetched once for the host that cannot");
});

test("with nothing to do, plan says so", async (t) => {
  const { stdout } = await kboot("plan", "-f", inventory);
  t.regex(stdout, /^no change$/m);
});

test("a pod answers, and the kubelet's own pulls use the registry", async (t) => {
  const items = webPod("web", "cp1").map((item) =>
    JSON.parse(JSON.stringify(item).replace(testImage, "registry.k8s.io/test/busybox:1").replace('"Never"', '"IfNotPresent"')),
  );
  await kubectl("create -f -", JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  await kubectl("wait --for=condition=Ready pod web --timeout=60s");
  t.true(registryDoor.log.some((line) => line.startsWith(`${addressOf("cp1")} GET /v2/k8s/test/busybox/blobs/`)));
  const address = await kubectl("get pod web -o jsonpath={.status.podIP}");
  t.is(await onHost(hosts, "worker2", `curl -sS --max-time 5 http://${address}:8080/`), "hello from web");
});
