import type { HostKind } from "../engine/contracts.ts";
import { describeProcess, waitWhile } from "./wait-on-host.ts";

/** That cloud-init is through with this boot: until then it installs packages and writes files itself. */
export interface CloudInitResource {
  readonly kind: "cloud-init";
}

export const cloudInitDone: CloudInitResource = { kind: "cloud-init" };

const units =
  "cloud-init-local.service cloud-init-main.service cloud-init-network.service cloud-init.service cloud-config.service cloud-final.service";

const patienceSeconds = 900;

// cloud-init's generator makes `enabled`, its last stage `result.json`, both anew at each boot. Between two stages the next one's job is
// waiting; where there is neither a stage nor a job it has ended without a result.
const running = `${describeProcess}
cloud_init() {
  if [ ! -e /run/cloud-init/enabled ] || [ -e /run/cloud-init/result.json ]; then return 0; fi
  for unit in ${units}; do
    state=$(systemctl show "$unit" -p ActiveState --value 2>/dev/null)
    job=$(systemctl show "$unit" -p Job --value 2>/dev/null)
    if [ "$state" != activating ] && [ -z "$job" ]; then continue; fi
    pid=$(systemctl show "$unit" -p MainPID --value)
    echo "$unit $(describe "$pid")"
    return 0
  done
}`;

export const cloudInitKind: HostKind<CloudInitResource, string | undefined> = {
  kind: "cloud-init",
  id: () => "cloud-init",
  observe: () => `${running}\ncloud_init`,
  parse: (_resource, { stdout }) => stdout.toString("utf8").trim() || undefined,
  compare: (_resource, observed) => (observed === undefined ? [] : [{ what: "cloud-init", from: observed, to: "ended" }]),
  change: async () => ({
    script: `${running}\n${waitWhile("cloud_init", {
      what: "cloud-init to end",
      seconds: patienceSeconds,
      instead: "see `cloud-init status --long` and /var/log/cloud-init-output.log on the host",
    })}`,
  }),
};
