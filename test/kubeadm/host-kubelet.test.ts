import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { hostKubeletScript, parseHostKubelet } from "../../src/kubeadm/host-kubelet.ts";

/** What the script tells of these files, by their paths on the host. */
async function read(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), "kboot-kubelet-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const script = hostKubeletScript.replaceAll("/var/lib/kubelet", `${root}/var/lib/kubelet`).replaceAll("/etc/cni", `${root}/etc/cni`);
  const { stdout } = await execa("sh", ["-eu"], { input: script, encoding: "buffer" });
  return parseHostKubelet(Buffer.from(stdout));
}

test("reads configuration, flags and the names of networks", async (t) => {
  const found = await read({
    "var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\nmaxPods: 55\n",
    "var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--node-ip=10.0.0.1 --feature-gates=A=true,B=false --enable-server"\n',
    "etc/cni/net.d/10-own.conflist": "{}",
    "etc/cni/net.d/readme": "",
  });
  t.deepEqual(found, {
    configuration: { kind: "KubeletConfiguration", maxPods: 55 },
    flags: [
      { name: "node-ip", value: "10.0.0.1" },
      { name: "feature-gates", value: "A=true,B=false" },
      { name: "enable-server", value: "true" },
    ],
    networks: ["10-own.conflist"],
  });
});

test("a kubelet without flags has none, and a host without a kubelet nothing", async (t) => {
  t.deepEqual((await read({ "var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS=""\n' })).flags, []);
  t.deepEqual(await read({}), { configuration: undefined, flags: [], networks: [] });
});
