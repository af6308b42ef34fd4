import { type Lab, onHost } from "./lab.ts";

const result = "/run/cloud-init/result.json";
const release = "/run/kboot-test-release";

/** As a program of updates locks dpkg (python3, since a lock of flock(1) is of another kind). */
const updates = `#!/usr/bin/python3
import fcntl, os, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
while not os.path.exists("${release}"):
    time.sleep(0.2)
`;

/** Makes a host as one that has just booted for the first time: cloud-init is at its last stage, and updates have the lock of dpkg. */
export async function makeBusy(set: Lab, host: string): Promise<void> {
  await onHost(
    set,
    host,
    `set -eu
mkdir -p /run/cloud-init
touch /run/cloud-init/enabled
rm -f ${result} ${release}
systemd-run -q --no-block --unit=cloud-final.service --service-type=oneshot sh -c 'until [ -e ${result} ]; do sleep 0.2; done'
cat > /run/unattended-upgrade << 'END'
${updates}END
chmod +x /run/unattended-upgrade
systemd-run -q /run/unattended-upgrade`,
  );
}

/** Lets cloud-init end. */
export async function endCloudInit(set: Lab, host: string): Promise<void> {
  await onHost(set, host, `touch ${result}`);
}

/** Lets the updates end. */
export async function endUpdates(set: Lab, host: string): Promise<void> {
  await onHost(set, host, `touch ${release}`);
}
