import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import type { ErrorCode } from "../../src/errors/catalogue.ts";
import { scriptFailed } from "../../src/errors/script-failed.ts";
import { makeCertificates } from "../support/certificates.ts";
import { findProgram } from "./support/api-server.ts";

/** Starts a program that must fail, and returns what is told of it. */
async function failing(program: string, words: readonly string[], cwd: string) {
  const result = await execa(program, words, { cwd, reject: false, timeout: 20_000, all: true });
  return scriptFailed("start failed", { label: "start", exitCode: result.exitCode ?? 1, stderr: result.all ?? "" });
}

async function etcdWords(folder: string): Promise<readonly string[]> {
  const unix = (name: string) => `unix://${name}:0`;
  return [
    `--data-dir=${folder}/data`,
    `--listen-client-urls=${unix("client")}`,
    `--advertise-client-urls=${unix("client")}`,
    `--listen-peer-urls=${unix("peer")}`,
  ];
}

/** etcd with data of its own, of which the file at `path` then gets wrong bytes in its beginning. */
async function damagedEtcd(folder: string, path: string) {
  const etcd = findProgram("etcd-*", "etcd");
  const words = await etcdWords(folder);
  await execa(etcd, words, { cwd: folder, reject: false, timeout: 4000 });
  const directory = join(folder, "data", "member", path);
  const [name = ""] = (await readdir(directory)).filter((file) => file === "db" || file.endsWith(".wal"));
  const file = await open(join(directory, name), "r+");
  await file.write(Buffer.alloc(16_384, 0x5a), 0, 16_384, 0);
  await file.close();
  const result = await execa(etcd, words, { cwd: folder, reject: false, timeout: 10_000, all: true });
  return scriptFailed("start failed", { label: "start", exitCode: result.exitCode ?? 1, stderr: result.all ?? "" });
}

type Happen = (folder: string) => Promise<ReturnType<typeof scriptFailed>>;

const faults: readonly (readonly [string, ErrorCode, Happen])[] = [
  ["etcd: its log is damaged", "etcd-damaged", (folder) => damagedEtcd(folder, "wal")],
  ["etcd: its database is damaged", "etcd-damaged", (folder) => damagedEtcd(folder, "snap")],
  [
    "containerd: its configuration cannot be read",
    "containerd-failed",
    async (folder) => {
      await writeFile(join(folder, "config.toml"), "version = 3\n[plugins\n");
      return failing(
        findProgram("containerd-2*", "containerd"),
        ["--config", join(folder, "config.toml"), "--root", folder, "--state", folder],
        folder,
      );
    },
  ],
  [
    "kubelet: its configuration has an unknown value",
    "kubelet-failed",
    async (folder) => {
      await writeFile(
        join(folder, "config.yaml"),
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: many\n",
      );
      return failing(
        findProgram("kubernetes-1.36.3-*", "kubelet"),
        ["--config", join(folder, "config.yaml"), "--root-dir", folder],
        folder,
      );
    },
  ],
  [
    "certificate: the key is of another",
    "certificate-untrusted",
    async (folder) => {
      const { ca, server, client } = await makeCertificates();
      for (const [name, text] of [
        ["ca.crt", ca.certificate],
        ["server.crt", server.certificate],
        ["other.key", client.key.reveal()],
      ] as const) {
        await writeFile(join(folder, name), text, { mode: 0o600 });
      }
      const words = await etcdWords(folder);
      return failing(
        findProgram("etcd-*", "etcd"),
        [
          ...words.filter((word) => !word.includes("client-urls")),
          "--listen-client-urls=https://127.0.0.1:0",
          "--advertise-client-urls=https://127.0.0.1:0",
          `--cert-file=${folder}/server.crt`,
          `--key-file=${folder}/other.key`,
        ],
        folder,
      );
    },
  ],
];

for (const [what, code, happen] of faults) {
  test(`a real program that fails is understood: ${what}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "kboot-fault-"));
    try {
      const error = await happen(folder);
      t.is(error.code, code, error.script?.stderr);
      t.truthy(error.hint);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
