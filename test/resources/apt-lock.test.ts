import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { aptLock } from "../../src/resources/apt-lock.ts";
import { temporaryFolder } from "../support/kind.ts";
import { runSh, shells } from "../support/run-fragment.ts";

/** Locks a file as dpkg does, and says so. */
const holder = `
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
open(my $file, ">", $ARGV[0]) or die;
my $lock = pack("s s x![l!] l! l! i", F_WRLCK, SEEK_SET, 0, 0, 0);
fcntl($file, F_SETLK, $lock) or die "no lock: $!";
$| = 1;
print "locked\\n";
sleep 60;
`;

async function holdLock(file: string) {
  const child = spawn("perl", ["-e", holder, file], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

for (const shell of shells) {
  const named = (title: string) => `${shell.join(" ")}: ${title}`;

  test(named("the lock of a process that lives is waited for, by name, id and age"), async (t) => {
    const file = join(await temporaryFolder(), "lock-frontend");
    const child = await holdLock(file);
    const waiting = runSh(`set -eu\n${aptLock([file], 60)}\nwait_for_apt_lock\necho mine`, { shell });
    await sleep(1500);
    child.kill();
    const { exitCode, stdout, stderr } = await waiting;
    t.is(exitCode, 0, stderr);
    t.is(stdout.toString(), "mine\n");
    t.regex(stderr, new RegExp(`^said: waiting for the lock of apt: perl \\(pid ${child.pid}, running for \\d+ s\\)$`, "m"));
  });

  test(named("when patience is over, the error names the holder and what to look at"), async (t) => {
    const file = join(await temporaryFolder(), "lock");
    const child = await holdLock(file);
    const { exitCode, stderr } = await runSh(`set -eu\n${aptLock(["/none/such", file], 1)}\nwait_for_apt_lock\necho mine`, { shell });
    child.kill();
    t.is(exitCode, 1);
    t.regex(stderr, new RegExp(`^waited 1 s in vain for the lock of apt: perl \\(pid ${child.pid}, .*\\n.*apt-daily`, "m"));
  });

  test(named("a file that is there and that nobody has locked is no reason to wait"), async (t) => {
    const { exitCode, stdout, stderr } = await runSh(`set -eu\n${aptLock(["/etc/passwd"], 1)}\nwait_for_apt_lock\necho mine`, { shell });
    t.is(exitCode, 0);
    t.is(stdout.toString(), "mine\n");
    t.is(stderr, "");
  });
}
