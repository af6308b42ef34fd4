import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { stringify } from "yaml";
import type { Api } from "../../../src/engine/contracts.ts";
import { openApi } from "../../../src/kubernetes/api.ts";
import { makeCertificates } from "../../support/certificates.ts";

/** A program that this machine has built, such as `etcd` of `etcd-*` or `kubeadm` of `kubernetes-1.36.3-*`. */
export function findProgram(component: string, program: string): string {
  const [found] = globSync(join(homedir(), `.cache/kboot/components/${component}/${program}`));
  if (found === undefined) throw new Error(`${program} of ${component} is not built: see test/components`);
  return found;
}

export interface ApiServer {
  readonly api: Api;
  readonly caCert: string;
  /** An administrator's. */
  readonly kubeconfig: string;
  /** Runs kubectl or kubeadm as an administrator, and returns what it prints. `config` is given to it as a file by `--config`. */
  run(program: "kubectl" | "kubeadm", words: readonly string[], config?: string): Promise<string>;
  stop(): Promise<void>;
}

/** A real kube-apiserver with an etcd of its own, without nodes and controllers. */
export async function startApiServer(version: string): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-api-"));
  const { ca, server, client } = await makeCertificates();
  const serviceAccount = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const files = {
    "ca.crt": ca.certificate,
    "server.crt": server.certificate,
    "server.key": server.key.reveal(),
    "sa.pub": serviceAccount.publicKey.export({ type: "spki", format: "pem" }).toString(),
    "sa.key": serviceAccount.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  const path = (name: string) => join(folder, name);
  for (const [name, content] of Object.entries(files)) await writeFile(path(name), content, { mode: 0o600 });
  const [clientPort, peerPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const kubeconfig = path("admin.conf");
  await writeFile(kubeconfig, adminKubeconfig(apiPort, ca.certificate, client.certificate, client.key.reveal()), { mode: 0o600 });

  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const etcd = spawn(
    findProgram("etcd-*", "etcd"),
    [
      `--data-dir=${path("etcd")}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      "--unsafe-no-fsync",
    ],
    { stdio: "ignore" },
  );
  const apiServer = spawn(
    findProgram(`kubernetes-${version}-*`, "kube-apiserver"),
    [
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${apiPort}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=192.0.2.1",
      `--client-ca-file=${path("ca.crt")}`,
      `--tls-cert-file=${path("server.crt")}`,
      `--tls-private-key-file=${path("server.key")}`,
      `--service-account-key-file=${path("sa.pub")}`,
      `--service-account-signing-key-file=${path("sa.key")}`,
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      "--service-cluster-ip-range=10.96.0.0/12",
      "--authorization-mode=Node,RBAC",
      "--enable-bootstrap-token-auth=true",
      "--allow-privileged=true",
    ],
    { stdio: "ignore" },
  );
  const stop = async () => {
    await end(apiServer);
    await end(etcd);
    await rm(folder, { recursive: true });
  };
  const api = openApi({
    connect: async () => connect(apiPort, "127.0.0.1"),
    caCert: await readFile(path("ca.crt"), "utf8"),
    credential: { certificatePem: client.certificate, key: client.key },
  });
  const { signal } = new AbortController();
  for (let attempt = 0; !(await api.probe("/readyz", signal)); attempt += 1) {
    if (attempt > 300 || apiServer.exitCode !== null) {
      await stop();
      throw new Error(`the API server is not ready (exit code ${apiServer.exitCode})`);
    }
    await sleep(200);
  }
  const run: ApiServer["run"] = async (program, words, config) => {
    const options = [`--kubeconfig=${kubeconfig}`];
    if (config !== undefined) {
      await writeFile(path("config.yaml"), config);
      options.push(`--config=${path("config.yaml")}`);
    }
    const { stdout } = await execa(findProgram(`kubernetes-${version}-*`, program), [...words, ...options]);
    return stdout;
  };
  return { api, caCert: ca.certificate, kubeconfig, run, stop };
}

function adminKubeconfig(port: number, ca: string, cert: string, key: string): string {
  const data = (text: string) => Buffer.from(text).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "kubernetes", cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority-data": data(ca) } }],
      users: [{ name: "admin", user: { "client-certificate-data": data(cert), "client-key-data": data(key) } }],
      contexts: [{ name: "admin@kubernetes", context: { cluster: "kubernetes", user: "admin" } }],
      "current-context": "admin@kubernetes",
    },
    { lineWidth: 0 },
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(timer);
}
