import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { parseImageName } from "../../src/artifacts/registry.ts";
import { buildBundle } from "../components/build.ts";
import { type Door, openProxy, passOn, serveFolder } from "./support/doors.ts";
import { cacheFolder, kbootWith, type Lab, lab, labSet, labUp, onHost, writeInventory } from "./support/lab.ts";
import { testImage, webPod } from "./support/pods.ts";
import { type Copy, type Registry, startRegistry } from "./support/registry.ts";
import { layOutUpstream } from "./support/upstream.ts";

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
  folder = await mkdtemp(join(cacheFolder, "mirror-"));
  registry = await startRegistry(folder);
  await Promise.all([registry.push(built.bundle, await listCopies()), layOutUpstream(built.bundle, join(folder, "upstream"))]);
  const made = await createBundle();
  hosts = await labUp(labSet(), { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", labSet());
  mirror = await serveFolder(hosts.gateway, made);
  registryDoor = await passOn(hosts.gateway, registry.url);
  proxy = await openProxy(hosts.gateway);
  await onHost(hosts, "worker1", `echo 'http_proxy="http://${proxy.address}"' >> /etc/environment`);
  for (const door of [mirror, registryDoor]) for (const name of ["worker1", "worker2"]) door.refused.add(addressOf(name));
  const sources = [{ registry: `${registryDoor.address}/k8s`, insecure: true }, { mirror: `http://${mirror.address}/` }];
  inventory = await writeInventory(hosts, { folder, bundle: "", hosts: members, more: { kubernetesVersion: version, sources } });
});
test.after.always(async () => {
  for (const door of [mirror, registryDoor, proxy]) door?.stop();
  registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs kboot as an operator who has fetched nothing yet. */
function operate(command: string) {
  return kbootWith({ KBOOT_CACHE: join(folder, "cache") }, command, "-f", inventory);
}

function addressOf(name: string): string {
  return hosts.hosts.find((host) => host.name === name)?.address ?? "";
}

/** A bundle out of servers that are laid out as upstream's, with a cache of its own. */
async function createBundle(): Promise<string> {
  const made = join(folder, "bundle");
  const upstream = await serveFolder("127.0.0.1", join(folder, "upstream"), registry.url);
  const options = ["--version", version, "--network", "flannel", "--output", made, "--upstream", `http://${upstream.address}`];
  const { exitCode, stderr } = await kbootWith({ KBOOT_CACHE: join(folder, "upstream-cache") }, "bundle", "create", ...options);
  upstream.stop();
  if (exitCode !== 0) throw new Error(stderr);
  return made;
}

/** All images as upstream's registries have them, those but one by upstream's paths below `k8s`, and that of test pods where upstream has none. */
async function listCopies(): Promise<readonly Copy[]> {
  const { images } = JSON.parse(await readFile(join(built.bundle, "bundle.json"), "utf8")) as { images: { name: string }[] };
  const copies = images.flatMap(({ name }) => {
    const { registry: server, repository, tag } = parseImageName(name);
    const below = (prefix: string) => ({ image: name, repository: `${prefix}/${repository}`, tag });
    return name === mirrored ? [below(server)] : [below(server), below("k8s")];
  });
  return [...copies, { image: testImage, repository: "k8s/test/busybox", tag: "1" }];
}

async function kubectl(words: string, input = ""): Promise<string> {
  const { stdout } = await execa(built.kubectl, [`--kubeconfig=${join(folder, "kubeconfig")}`, ...words.split(" ")], { input });
  return stdout;
}

test("a cluster comes up from a registry and a mirror of what bundle create made, with no bundle of its own", async (t) => {
  const applied = await operate("apply");
  t.is(applied.exitCode, 0, applied.stderr);
  const { stdout } = await operate("kubeconfig");
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
    // kubelet and kubectl of the builder are one program, which is fetched once
    for (const part of ["kubelet-", "containerd-", "runc-", "cni-plugins-", "/images/blobs/", "/v2/k8s/kube-proxy/blobs/"]) {
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
  const { stdout } = await operate("plan");
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
