import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { controlPlaneImages } from "../../../src/cli/config/images.ts";
import { kboot } from "../../support/kboot.ts";
import { compare } from "../../support/kubeadm.ts";

const cluster = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.3\n";

async function write(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "kboot-images-")), "kubeadm.yaml");
  await writeFile(file, text);
  return file;
}

compare("kubeadm lists the same images, in every form and for every configuration", async (t, kubeadm) => {
  const cases: readonly (readonly string[])[] = [
    ["--kubernetes-version", "v1.36.3"],
    ["--kubernetes-version", "1.36.3", "-o", "json"],
    ["--kubernetes-version", "1.36.3", "-o", "yaml"],
    ["--kubernetes-version", "1.35.4", "--image-repository", "registry.example.com/k8s"],
    ["--config", await write(cluster)],
    [
      "--config",
      await write(
        `${cluster}imageRepository: r.example.com\ndns: {imageTag: v9}\netcd: {local: {imageRepository: e.example.com:5000/a, imageTag: 9-0}}\n`,
      ),
    ],
    [
      "--config",
      await write(`${cluster}dns: {disabled: true}\nproxy: {disabled: true}\netcd: {external: {endpoints: [http://10.0.0.1:2379]}}\n`),
    ],
  ];
  for (const words of cases) {
    const theirs = await kubeadm("config", "images", "list", ...words);
    t.is(theirs.exitCode, 0, theirs.stderr);
    // kubeadm lists its own versions of CoreDNS and pause for older clusters
    if (!words.includes("1.35.4")) t.is((await kboot("config", "images", "list", ...words)).stdout, theirs.stdout, words.join(" "));
  }
});

test("a cluster of each minor has the images of that minor", (t) => {
  t.deepEqual(controlPlaneImages({}, "stable-1.35").slice(-3), [
    "registry.k8s.io/coredns/coredns:v1.13.1",
    "registry.k8s.io/pause:3.10.1",
    "registry.k8s.io/etcd:3.6.6-0",
  ]);
  t.is(controlPlaneImages({ kubernetesVersion: "v1.36.1" }, "stable")[0], "registry.k8s.io/kube-apiserver:v1.36.1");
});

test("labels that kboot cannot resolve are refused", (t) => {
  const error = t.throws(() => controlPlaneImages({}, "ci/latest"), { code: "usage" });
  t.is(error?.message, "ci/latest names no version of Kubernetes that kboot knows");
});

test("pull asks containerd for what it does not have, at the socket that is named", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-pull-"));
  const log = join(folder, "log");
  await writeFile(
    join(folder, "ctr"),
    `#!/bin/sh\necho "$*" >> ${log}\ncase "$*" in *--help) echo --local;; *"ls -q name==registry.k8s.io/pause:"*) echo there;; esac\n`,
  );
  await chmod(join(folder, "ctr"), 0o755);
  const main = new URL("../../../src/main.ts", import.meta.url).pathname;
  const words = ["config", "images", "pull", "--kubernetes-version", "1.36.3", "--cri-socket", "unix:///run/a.sock"];
  const { stdout } = await execa(process.execPath, [main, ...words], { env: { PATH: `${folder}:/usr/bin:/bin` } });
  const images = controlPlaneImages({}, "1.36.3");
  t.deepEqual(
    stdout.split("\n"),
    images.map((image) => `[config/images] Pulled ${image}`),
  );
  const calls = (await readFile(log, "utf8")).trim().split("\n");
  t.true(calls.every((call) => call.startsWith("--address /run/a.sock -n k8s.io images ")));
  const pulled = calls.filter((call) => / pull (?!--help)/.test(call)).map((call) => call.split(" ").at(-1));
  t.deepEqual(
    pulled,
    images.filter((image) => !image.includes("/pause:")),
  );
});

test("without containerd pull says where it was looked for", async (t) => {
  const main = new URL("../../../src/main.ts", import.meta.url).pathname;
  const { exitCode, stderr } = await execa(process.execPath, [main, "config", "images", "pull"], {
    env: { PATH: "/nowhere" },
    reject: false,
  });
  t.is(exitCode, 4);
  t.regex(
    stderr,
    /^containerd at \/run\/containerd\/containerd\.sock: there is no ctr on this machine\nhint: run this on a machine with containerd$/m,
  );
});
