import { quote } from "../host/quote.ts";
import { describeProcess, waitWhile } from "./wait-on-host.ts";

/** Files that apt and dpkg lock while they change something (apt.conf(5), dpkg(1)). */
const lockFiles = ["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"];

const patienceSeconds = 600;

/**
 * sh that defines `apt_lock_holder`, which names the process that holds one of these locks, and `wait_for_apt_lock`. The kernel's list of
 * locks knows inodes only, so that the process must have the very file open as well.
 */
export function aptLock(files: readonly string[] = lockFiles, seconds: number = patienceSeconds): string {
  return `${describeProcess}
apt_lock_holder() {
  for file in ${files.map(quote).join(" ")}; do
    inode=$(stat -c %i "$file" 2>/dev/null) || continue
    for pid in $(sed -n "s/^[0-9]*: POSIX .* \\([0-9]*\\) [^ ]*:$inode [0-9].*/\\1/p" /proc/locks); do
      if ls -l "/proc/$pid/fd" 2>/dev/null | grep -qF -e "-> $file"; then describe "$pid"; return 0; fi
    done
  done
}
wait_for_apt_lock() {
${waitWhile("apt_lock_holder", {
  what: "the lock of apt",
  seconds,
  instead: "let it finish, or see what keeps it: systemctl list-timers 'apt-daily*'",
})}
}`;
}
