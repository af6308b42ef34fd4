import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import type { ErrorCode } from "../../src/errors/catalogue.ts";
import { quote } from "../../src/host/quote.ts";
import { makeCertificates } from "../support/certificates.ts";
import { runFault, type Scene, scriptScene, trialStep } from "../support/run-fault.ts";
import { isPrintedWhole, isWholeFault } from "../support/whole-fault.ts";
import { findProgram } from "./support/api-server.ts";

/** A step in which a program must fail, started in a folder. */
function starting(program: string, words: readonly string[], folder: string): Promise<Scene> {
  return scriptScene(`cd ${quote(folder)}\ntimeout 20 ${[program, ...words].map(quote).join(" ")} >&2`);
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
  return starting(etcd, words, folder);
}

interface Fault {
  readonly what: string;
  readonly code: ErrorCode;
  readonly hint: RegExp;
  readonly evidence: RegExp;
  readonly happen: (folder: string) => Promise<Scene>;
}

const faults: readonly Fault[] = [
  {
    what: "etcd: its log is damaged",
    code: "etcd-damaged",
    hint: /`etcdutl snapshot restore`/,
    evidence: /etcd cannot read its data\n.*(crc mismatch|max entry size limit exceeded)/,
    happen: (folder) => damagedEtcd(folder, "wal"),
  },
  {
    what: "etcd: its database is damaged",
    code: "etcd-damaged",
    hint: /`etcdutl snapshot restore`/,
    evidence: /etcd cannot read its data\n/,
    happen: (folder) => damagedEtcd(folder, "snap"),
  },
  {
    what: "containerd: its configuration cannot be read",
    code: "containerd-failed",
    hint: /`journalctl -u containerd -n 20`/,
    evidence: /config\.toml|TOML/,
    happen: async (folder) => {
      await writeFile(join(folder, "config.toml"), "version = 3\n[plugins\n");
      return starting(
        findProgram("containerd-2*", "containerd"),
        ["--config", join(folder, "config.toml"), "--root", folder, "--state", folder],
        folder,
      );
    },
  },
  {
    what: "kubelet: its configuration has an unknown value",
    code: "kubelet-failed",
    hint: /`journalctl -u kubelet -n 20`/,
    evidence: /maxPods|failed to load kubelet config file/,
    happen: async (folder) => {
      await writeFile(
        join(folder, "config.yaml"),
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: many\n",
      );
      return starting(
        findProgram("kubernetes-1.36.3-*", "kubelet"),
        ["--config", join(folder, "config.yaml"), "--root-dir", folder],
        folder,
      );
    },
  },
  {
    what: "certificate: the key is of another",
    code: "certificate-untrusted",
    hint: /`sha256sum \/etc\/kubernetes\/pki\/ca\.crt`/,
    evidence: /private key does not match public key/,
    happen: async (folder) => {
      const { ca, server, client } = await makeCertificates();
      for (const [name, text] of [
        ["ca.crt", ca.certificate],
        ["server.crt", server.certificate],
        ["other.key", client.key.reveal()],
      ] as const) {
        await writeFile(join(folder, name), text, { mode: 0o600 });
      }
      const words = await etcdWords(folder);
      return starting(
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
  },
];

for (const { what, happen, ...fault } of faults) {
  test.serial(`a real program that fails is understood, and started once: ${what}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "kboot-fault-"));
    try {
      const scene = await happen(folder);
      const began = Date.now();
      const error = await runFault(scene);
      t.log(`told after ${Date.now() - began} ms`);
      isWholeFault(t, error, { ...fault, host: "worker-1", step: trialStep });
      isPrintedWhole(t, error);
      t.is(scene.attempts?.(), 1);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
