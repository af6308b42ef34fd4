import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheFolder, labUp, onHost } from "./cluster/support/lab.ts";
import { importTestImage, testImage } from "./cluster/support/pods.ts";
import { buildBundle } from "./components/build.ts";

/** From nothing to a cluster on this machine: hosts, components, `kboot apply`, nodes, and a pod that answers. */

const root = new URL("../", import.meta.url).pathname;

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
say("Kubernetes' components, built from source (ten minutes the first time)");
const { bundle, kubectl } = await buildBundle({ kubernetes: "1.36.3" });
await rm(join(cacheFolder, "bundle"), { force: true });
await symlink(bundle, join(cacheFolder, "bundle"));
// it names the hosts of this set, their keys and the bundle, in the cache's usual place
const inventory = "inventory/lab.yaml";
say(`kboot apply -f ${inventory}`);
const kboot = [process.execPath, join(root, "src", "main.ts")] as const;
await execa(kboot[0], [kboot[1], "apply", "-f", inventory], { cwd: root, stdio: "inherit" });
const kubeconfig = join(cacheFolder, "kubeconfig");
const { stdout: credentials } = await execa(kboot[0], [kboot[1], "kubeconfig", "-f", inventory], { cwd: root, stderr: "inherit" });
await writeFile(kubeconfig, `${credentials}\n`, { mode: 0o600 });
say(`kubectl --kubeconfig ${kubeconfig} get nodes -o wide`);
await execa(kubectl, ["--kubeconfig", kubeconfig, "get", "nodes", "-o", "wide"], { stdio: "inherit" });
say("a pod that answers");
for (const { name } of set.hosts) await importTestImage(set, name, bundle);
process.stdout.write(`${await onHost(set, "cp1", podScript)}\n`);
say("done. Remove the hosts with: npm run lab -- down");
