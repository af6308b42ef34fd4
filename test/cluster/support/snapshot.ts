import { execa } from "execa";
import { toolsTree } from "./iptables.ts";
import { type Lab, onHost } from "./lab.ts";
import { listFiles } from "./observe.ts";

const folders = ["/etc", "/usr/local", "/usr/libexec", "/opt", "/var/lib", "/var/log", "/var/cache", "/run", "/root", "/srv"];

/**
 * What changes on a host by itself: logs, times, and what systemd and its like keep in memory of services and sessions. /run/kboot has the
 * locks of runs, /run/xtables.lock is that of every iptables; both go at the next boot.
 */
const passing =
  /^\/var\/log\/(journal|lastlog|wtmp|btmp|auth|syslog|private)|^\/var\/lib\/systemd\/(timers|timesync|random-seed|catalog)|^\/var\/lib\/sudo|^\/run\/(kboot|xtables\.lock|systemd|user|sudo|log|udev|utmp|lock|dbus|motd)/;

/** As seen from outside, since a host may have none of these tools. */
async function inNetworkOf(set: Lab, host: string, script: string): Promise<string> {
  const name = `${set.set === "kboot" ? "kboot" : `kboot-${set.set}`}-${host}`;
  const { stdout: pid } = await execa("lxc-info", ["-n", name, "-p", "-H"]);
  const { stdout } = await execa("nsenter", ["-t", pid.trim(), "-n", "chroot", toolsTree(), "sh", "-c", script]);
  return stdout;
}

const look = `
echo "== mounts"; sed 's/^[^ ]* //' /proc/mounts | sort
echo "== units"; systemctl list-unit-files --no-legend --plain | awk '{ print $1, $2 }' | grep -v '^session-'; systemctl list-units --type=service,timer,socket --no-legend --plain | awk '{ print $1, $2, $3 }' | grep -vE '^(user|ssh@|apt-|systemd-tmpfiles-clean|getty|dpkg-db|fstrim|e2scrub|logrotate|man-db)' | sort
echo "== failed"; systemctl --failed --plain --no-legend
echo "== users"; cat /etc/passwd /etc/group
echo "== sysctls"; sysctl -a 2>/dev/null | grep -E '^(net|kernel|vm)\\.' | grep -vE 'nf_conntrack_count|random|ns_last_pid|pty.nr|stat_refresh|netfilter|neigh|\\.conf\\.(eth|veth)|route.*hash|sched_domain|tcp_fastopen_key|dentry|kernel.hung'
echo "== processes"; for folder in /proc/[0-9]*; do read -r name < $folder/comm && echo "$name"; done 2>/dev/null | grep -vE '^(sshd|sudo|sh|systemd|.sd-pam.|sort|grep|cat|agetty|sshd-session|sshd-auth|systemd-userwor|apt.*|unattended.*)$' | sort
echo "== cgroups"; find /sys/fs/cgroup -type d 2>/dev/null | grep -E 'kubepods|kubelet|containerd|cri-' || true
`;

/** All that can be seen of a host, a line each, in the order of its parts. */
export async function snapshot(set: Lab, host: string): Promise<readonly string[]> {
  const files = [...(await listFiles(set, host, folders))].filter(([path]) => !passing.test(path)).sort();
  const parts = (await onHost(set, host, look)).split(/^== /m).map((part) => part.trimEnd().split("\n"));
  const network = await inNetworkOf(set, host, lookAtNetwork);
  return [
    ...parts.flatMap(([part, ...lines]) => lines.map((line) => `${part}: ${line}`)),
    ...network.split("\n").map((line) => `network: ${line}`),
    ...files.map(([path, what]) => `${path} ${what}`),
  ];
}

const lookAtNetwork = `
nft list ruleset
for tool in iptables-legacy-save ip6tables-legacy-save; do $tool | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'; done
ipset save
ip -o link | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/' | sort
ip xfrm policy
ip route`;

/** What only the first look has, with a minus, and what only the second one has, with a plus. */
export function compareLooks(before: readonly string[], after: readonly string[]): readonly string[] {
  const [first, second] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !second.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !first.has(line)).map((line) => `+ ${line}`),
  ];
}
