import type { Duplex } from "node:stream";
import type { Client, ClientChannel, ConnectConfig } from "ssh2";
import { KbootError } from "../../errors.ts";
import type { ClusterHost } from "../../inventory/cluster.ts";
import type { Host, RunIdentity } from "../host.ts";
import type { ShellProcess } from "../shell.ts";
import { type OpenOptions, ShellHost, type Transport } from "../shell-host.ts";
import { cannotConnect, cannotForward } from "./errors.ts";
import { readKnownHosts, refuseHostKey, wantedAlgorithms } from "./host-keys.ts";
import { readIdentities } from "./identities.ts";

/**
 * Connects over SSH. The host's key is always checked against `ssh.knownHostsFile`.
 * Throws KbootError `unreachable`, `host-key`, `cancelled`.
 */
export async function openSshHost(host: ClusterHost, run: RunIdentity, options: OpenOptions = {}): Promise<Host> {
  const connection = await connect(host, options.signal);
  return new ShellHost(sshTransport(host, connection), run, options);
}

interface Connection {
  readonly client: Client;
  /** Why the connection ended; resolves when it did. */
  readonly ended: Promise<Error | undefined>;
}

async function connect(host: ClusterHost, signal: AbortSignal | undefined): Promise<Connection> {
  const where = { host: host.name, address: host.address };
  const { knownHostsFile, port, user } = host.ssh;
  const [{ default: ssh2 }, known, identities] = await Promise.all([
    import("ssh2"),
    readKnownHosts(knownHostsFile),
    readIdentities(host.ssh, where),
  ]);
  if (signal?.aborted) throw new KbootError("cancelled", "cancelled: connect", { where });
  const client = new ssh2.Client();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<Error | undefined>();
  promise.catch(() => {});
  let refusal: KbootError | undefined;
  let lastError: Error | undefined;
  const cancel = () => {
    reject(new KbootError("cancelled", "cancelled: connect", { where }));
    client.destroy();
  };
  signal?.addEventListener("abort", cancel, { once: true });
  client.once("ready", resolve);
  client.on("error", (error) => {
    lastError = error;
    reject(refusal ?? cannotConnect(host, error));
  });
  client.once("close", () => {
    end(lastError);
    reject(cannotConnect(host, new Error("the connection was closed before the login")));
  });
  const serverHostKey = wantedAlgorithms(known, host.address, port);
  const config: ConnectConfig = {
    host: host.address,
    port,
    username: user,
    authHandler: [...identities],
    readyTimeout: host.ssh.connectTimeoutSeconds * 1000,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 3,
    algorithms: {
      // The fastest where the processor has AES, and cheap for both sides.
      cipher: { prepend: ["aes128-gcm@openssh.com"], append: [], remove: [] },
      ...(serverHostKey && { serverHostKey }),
    },
    hostVerifier: (key: Buffer) => {
      refusal = refuseHostKey(known, knownHostsFile, port, key, where);
      return refusal === undefined;
    },
  };
  try {
    client.connect(config);
    client.setNoDelay(true);
    await promise;
  } catch (error) {
    client.destroy();
    throw error instanceof KbootError ? error : cannotConnect(host, error as Error);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  return { client, ended };
}

function sshTransport(host: ClusterHost, { client, ended }: Connection): Transport {
  let isClosed = false;
  void ended.then(() => {
    isClosed = true;
  });
  return {
    name: host.name,
    address: host.address,
    user: host.ssh.user,
    start: (command) =>
      new Promise((resolve, reject) => {
        const refuse = (cause: Error) => reject(cannotConnect(host, cause));
        if (isClosed) return refuse(new Error("the connection was lost"));
        void ended.then((cause) => refuse(cause ?? new Error("the connection was lost")));
        client.exec(command, (error, channel) => (error ? refuse(error) : resolve(shellProcess(channel, ended))));
      }),
    connect: async (port, signal) => {
      if (isClosed) throw cannotConnect(host, new Error("the connection was lost"));
      return forward(host, client, port, signal);
    },
    close: async () => {
      if (isClosed) return;
      client.end();
      // ssh2 destroys no connection that it has ended, so one that hangs is left to the end of the process
      const { promise: tooLong, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, 2000);
      await Promise.race([ended, tooLong]);
      clearTimeout(timer);
    },
  };
}

function shellProcess(channel: ClientChannel, connectionEnded: Promise<Error | undefined>): ShellProcess {
  const closed = new Promise<undefined>((resolve) => channel.once("close", () => resolve(undefined)));
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended: Promise.race([closed, connectionEnded]),
    abandon: () => channel.close(),
  };
}

function forward(host: ClusterHost, client: Client, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const cancelled = () => {
      reject(new KbootError("cancelled", `cancelled: connect to port ${port}`, { where: { host: host.name, address: host.address } }));
    };
    if (signal.aborted) return cancelled();
    signal.addEventListener("abort", cancelled, { once: true });
    client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (error, channel) => {
      signal.removeEventListener("abort", cancelled);
      if (error) reject(cannotForward(host, port, error));
      else if (signal.aborted) channel.destroy();
      else resolve(channel);
    });
  });
}
