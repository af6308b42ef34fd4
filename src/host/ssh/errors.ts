import { type ErrorCode, KbootError } from "../../errors.ts";
import type { ClusterHost } from "../../inventory/cluster.ts";
import { noKnownKeyType } from "./host-keys.ts";

/** What ssh2 and sockets put on their errors. */
interface SshError extends Error {
  readonly level?: string;
  readonly code?: string | number;
  readonly reason?: string | number;
}

/** The error for a connection that did not come about. */
export function cannotConnect(host: ClusterHost, cause: SshError): KbootError {
  const where = { host: host.name, address: host.address };
  const { port, user, knownHostsFile } = host.ssh;
  const failed = (code: ErrorCode, message: string, hint: string) => new KbootError(code, message, { where, hint, cause });
  if (cause.level === "client-authentication") {
    return failed(
      "login-refused",
      `the host does not let ${user} in with the keys that were offered`,
      `see whether this works: \`ssh -p ${port} ${user}@${host.address} true\`; the public key belongs into ~${user}/.ssh/authorized_keys there`,
    );
  }
  // ssh2 has no code for this, only the text.
  if (cause.message.includes("no matching host key format")) return noKnownKeyType(knownHostsFile, port, cause, where);
  if (cause.level === "client-timeout" || cause.code === "ETIMEDOUT") {
    return failed(
      "connection-timeout",
      `no answer on port ${port} within ${host.ssh.connectTimeoutSeconds} s`,
      `see whether the machine is up and no firewall is in between (\`ping ${host.address}\`), or raise ssh.connectTimeoutSeconds`,
    );
  }
  if (cause.code === "ECONNREFUSED") {
    return failed(
      "connection-refused",
      `nothing listens on port ${port}`,
      "see whether sshd runs there (at the machine: `systemctl status ssh`), and on which port (ssh.port)",
    );
  }
  if (cause.code === "ENOTFOUND") {
    return failed(
      "name-unknown",
      "the name is not known",
      `correct the host's address, or its entry in DNS: \`getent hosts ${host.address}\``,
    );
  }
  if (cause.level === "agent") {
    return failed("login-refused", `ssh-agent: ${cause.message}`, "see whether `ssh-add -l` works, or name a key under ssh.identityFiles");
  }
  return new KbootError("unreachable", `cannot connect: ${cause.message}`, {
    where,
    hint: `see what this says: \`ssh -v -p ${port} ${user}@${host.address} true\``,
    cause,
    transient: true,
  });
}

/** The error for a port on the host that could not be reached. 1 is "administratively prohibited" (RFC 4254, 5.1). */
export function cannotForward(host: ClusterHost, port: number, cause: SshError): KbootError {
  const isForbidden = cause.reason === 1;
  return new KbootError("unreachable", `cannot reach port ${port} on the host: ${cause.message}`, {
    where: { host: host.name, address: host.address },
    hint: isForbidden ? "allow it in the host's sshd_config: AllowTcpForwarding local" : undefined,
    cause,
    transient: !isForbidden,
  });
}
