import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { ClusterHost } from "../../src/inventory/cluster.ts";

const program = "/usr/sbin/sshd";

/** An OpenSSH server on loopback, with keys made for it, for the current user. */
export interface Sshd {
  readonly port: number;
  readonly directory: string;
  /** Knows the server's key. */
  readonly knownHostsFile: string;
  /** A private key that the server lets in. */
  readonly identityFile: string;
  /** Types of the server's host keys, as OpenSSH names them. */
  readonly hostKey: string;
  /** The server as a host of an inventory, with settings of SSH replaced. */
  host(ssh?: Partial<ClusterHost["ssh"]>): ClusterHost;
  stop(): Promise<void>;
}

/** Starts a server; lines are added to its sshd_config. */
export async function startSshd(lines: readonly string[] = []): Promise<Sshd> {
  if (!existsSync(program)) throw new Error(`${program} is missing: install openssh-server`);
  const directory = await mkdtemp(join(tmpdir(), "kboot-sshd-"));
  if (userInfo().uid === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const hostKeyFile = makeKey(directory, "host");
  const identityFile = makeKey(directory, "user");
  await writeFile(join(directory, "authorized_keys"), await readFile(`${identityFile}.pub`), { mode: 0o600 });
  const port = await freePort();
  const config = join(directory, "sshd_config");
  await writeFile(
    config,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKeyFile}`,
      `AuthorizedKeysFile ${join(directory, "authorized_keys")}`,
      `PidFile ${join(directory, "pid")}`,
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      ...lines,
      "",
    ].join("\n"),
  );
  const child = spawn(program, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  await isListening(child);
  const hostKey = (await readFile(`${hostKeyFile}.pub`, "utf8")).split(" ").slice(0, 2).join(" ");
  const knownHostsFile = join(directory, "known_hosts");
  await appendFile(knownHostsFile, `[127.0.0.1]:${port} ${hostKey}\n`);
  return {
    port,
    directory,
    knownHostsFile,
    identityFile,
    hostKey,
    host: (ssh = {}) => clusterHost({ user: userInfo().username, port, identityFiles: [identityFile], knownHostsFile, ...ssh }),
    async stop() {
      child.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A host of an inventory at 127.0.0.1. */
export function clusterHost(ssh: Partial<ClusterHost["ssh"]>): ClusterHost {
  return {
    name: "worker-1",
    transport: "ssh",
    address: "127.0.0.1",
    nodeAddress: undefined,
    nodeName: "worker-1",
    role: "worker",
    labels: {},
    taints: [],
    ssh: { user: "nobody", port: 22, identityFiles: [], knownHostsFile: "/nonexistent", connectTimeoutSeconds: 20, ...ssh },
    containerRuntime: { from: "sources" },
    kubernetes: { from: "sources" },
    kubelet: {},
    kubeletExtraArgs: [],
    patches: [],
  };
}

/** Makes a key pair of the current user; returns the path of the private half. */
export function makeKey(directory: string, name: string, options: { readonly type?: string; readonly passphrase?: string } = {}): string {
  const path = join(directory, name);
  execFileSync("ssh-keygen", ["-q", "-t", options.type ?? "ed25519", "-N", options.passphrase ?? "", "-C", "test", "-f", path]);
  return path;
}

export async function freePort(): Promise<number> {
  const server = createServer((socket: Socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function isListening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
      if (said.includes("Server listening")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`sshd ended with ${code}: ${said}`)));
  });
}
