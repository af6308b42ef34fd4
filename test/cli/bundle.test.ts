import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { bundleManifest } from "../../src/artifacts/manifest.ts";
import { layOutUpstream, putImage } from "../artifacts/support/upstream.ts";
import { startWeb } from "../artifacts/support/web.ts";
import { temporaryFolder } from "../support/kind.ts";

const main = new URL("../../src/main.ts", import.meta.url).pathname;

function create(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const options = { cwd: folder, reject: false, stdin: "ignore", env: { KBOOT_CACHE: join(folder, "cache"), ...env } } as const;
  return execa(process.execPath, [main, "bundle", "create", "--output", "bundle", ...args], options);
}

const images = [
  "coredns/coredns:v1.14.6",
  "etcd:3.7.0-0",
  "kube-apiserver:v1.37.2",
  "kube-controller-manager:v1.37.2",
  "kube-proxy:v1.37.2",
  "kube-scheduler:v1.37.2",
  "pause:3.10.2",
];

test("bundle create fetches all that a cluster of this version needs, by way of the proxy that the environment names", async (t) => {
  const [web, folder] = await Promise.all([startWeb(t), temporaryFolder()]);
  await layOutUpstream(web);
  for (const image of images) {
    const [repository = "", tag = ""] = image.split(":");
    putImage(web, `registry.k8s.io/${repository}`, tag);
  }
  const args = [
    "--version",
    "1.37.2",
    "--network",
    "none",
    "--image",
    "docker.io/library/busybox:1.37",
    "--upstream",
    "http://upstream.invalid",
  ];
  const { exitCode, stdout, stderr } = await create(folder, args, { http_proxy: web.url, no_proxy: "" });
  t.is(exitCode, 0, stderr);
  t.is(stdout, `${join(folder, "bundle")}: 5 files, 8 images`);
  const manifest = bundleManifest.parse(JSON.parse(await readFile(join(folder, "bundle", "bundle.json"), "utf8")));
  t.deepEqual(manifest.images.map(({ name }) => name).sort(), [
    "docker.io/library/busybox:1.37",
    ...images.map((image) => `registry.k8s.io/${image}`),
  ]);
});

test("bundle create says what is wrong with its options before it asks anybody", async (t) => {
  const folder = await temporaryFolder();
  for (const [args, message] of [
    [["--version", "1.20.0"], /^Kubernetes 1\.20 is not supported; choose a version of /],
    [["--version", "1.37.2", "--architecture", "mips"], /^there are no files for mips\nhint: one of amd64, arm64/],
    [["--version", "1.37.2", "--upstream", "example.com"], /^"example\.com" is not the URL of a folder/],
  ] as const) {
    const { exitCode, stderr } = await create(folder, args);
    t.is(exitCode, 64);
    t.regex(stderr, message);
  }
});
