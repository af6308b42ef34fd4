import { chmod, copyFile, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { get } from "../src/artifacts/http.ts";
import { bundleManifest } from "../src/artifacts/manifest.ts";
import { cacheFolder, labUp, onHost } from "./cluster/support/lab.ts";
import { importTestImage, testImage } from "./cluster/support/pods.ts";
import { buildBundle } from "./components/build.ts";

/** From nothing to a cluster on this machine: hosts, components, `kboot apply`, nodes, and a pod that answers. */

const root = new URL("../", import.meta.url).pathname;
const main = join(root, "src", "main.ts");
const version = "1.36.3";
/** Where the inventory of the examples has its bundle. */
const usual = join(cacheFolder, "bundle");

function kboot(...args: readonly string[]) {
  return execa(process.execPath, [main, ...args], { cwd: root, stdio: "inherit" });
}

async function upstreamAnswers(): Promise<boolean> {
  const url = `https://dl.k8s.io/release/v${version}/bin/linux/amd64/kubelet.sha256`;
  const response = await get(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status === 200;
}

/** A bundle of what upstream publishes, with the image of the test pod, and the kubectl in it. */
async function fetchBundle() {
  say("Kubernetes' components, from upstream");
  await kboot("bundle", "create", "--version", version, "--network", "flannel", "--image", testImage, "--output", usual);
  const { files } = bundleManifest.parse(JSON.parse(await readFile(join(usual, "bundle.json"), "utf8")));
  const kubectl = join(cacheFolder, "kubectl");
  await copyFile(join(usual, files.find(({ name }) => name === "kubectl")?.path ?? ""), kubectl);
  await chmod(kubectl, 0o755);
  return { bundle: usual, kubectl };
}

async function buildFromSource() {
  say("Kubernetes' components, built from source (ten minutes the first time)");
  const built = await buildBundle({ kubernetes: version });
  await rm(usual, { force: true, recursive: true });
  await symlink(built.bundle, usual);
  return built;
}

function say(text: string): void {
  process.stderr.write(`\n== ${text}\n`);
}

const podScript = `export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl delete pod testpod --ignore-not-found --now >/dev/null
kubectl run testpod --image=${testImage} --image-pull-policy=Never --restart=Never --command -- sh -c 'mkdir /www; echo hello from a pod > /www/index.html; exec httpd -f -p 8080 -h /www'
kubectl wait --for=condition=Ready pod/testpod --timeout=120s
kubectl get pods -o wide
address=$(kubectl get pod testpod -o jsonpath='{.status.podIP}')
curl -sS --max-time 5 "http://$address:8080/"
`;

say("test hosts: one control plane, two workers");
const set = await labUp("kboot", { controlPlanes: 1, workers: 2 });
const { bundle, kubectl } = (await upstreamAnswers()) ? await fetchBundle() : await buildFromSource();
// it names the hosts of this set, their keys and the bundle, in the cache's usual place
const inventory = "inventory/lab.yaml";
say(`kboot apply -f ${inventory}`);
await kboot("apply", "-f", inventory);
const kubeconfig = join(cacheFolder, "kubeconfig");
const { stdout: credentials } = await execa(process.execPath, [main, "kubeconfig", "-f", inventory], { cwd: root, stderr: "inherit" });
await writeFile(kubeconfig, `${credentials}\n`, { mode: 0o600 });
say(`kubectl --kubeconfig ${kubeconfig} get nodes -o wide`);
await execa(kubectl, ["--kubeconfig", kubeconfig, "get", "nodes", "-o", "wide"], { stdio: "inherit" });
say("a pod that answers");
for (const { name } of set.hosts) await importTestImage(set, name, bundle);
process.stdout.write(`${await onHost(set, "cp1", podScript)}\n`);
say("done. Remove the hosts with: npm run lab -- down");
