import { KbootError, type Where } from "../errors.ts";

/** Puts password-less sudo before a command, unless the user is root already. */
export function privileged(command: string, user: string): string {
  return user === "root" ? command : `sudo -n ${command}`;
}

/** The error for a privileged shell that did not start; `stderr` is what the host said instead. */
export function refusedPrivilege(user: string, stderr: string, where: Where): KbootError {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  return new KbootError("privilege", `${user} cannot become root with sudo${said === "" ? "" : `: ${said}`}`, {
    where,
    hint: `allow it without a password (\`visudo -f /etc/sudoers.d/kboot\`: ${user} ALL=(ALL) NOPASSWD: ALL), or connect as root`,
  });
}
