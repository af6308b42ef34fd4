import type { Host } from "../../host/host.ts";
import type { FlannelNetwork } from "../../inventory/cluster.ts";
import type { NetworkHealth } from "../plugin.ts";

/** Prints what flanneld wrote for the CNI plug-in, and the state of its device. */
const script = `cat /run/flannel/subnet.env 2>/dev/null
if [ -e /sys/class/net/flannel.1 ]; then echo device; fi
exit 0`;

/** Asks a node whether flanneld has its subnet and its device. */
export async function readFlannelHealth(host: Host, settings: FlannelNetwork, signal: AbortSignal): Promise<NetworkHealth> {
  const { stdout } = await host.run({ label: "read Flannel's state", body: script }, { signal });
  return judgeFlannel(stdout.toString("utf8"), settings);
}

/** What the lines of subnet.env, and one `device` where there is flannel.1, mean. */
export function judgeFlannel(text: string, { backend }: Pick<FlannelNetwork, "backend">): NetworkHealth {
  const subnet = /^FLANNEL_SUBNET=(.+)$/m.exec(text)?.[1];
  const problems = [
    ...(subnet === undefined ? ["flanneld has no subnet for this node: pods get no addresses"] : []),
    ...(backend === "vxlan" && !/^device$/m.test(text) ? ["the device flannel.1 is missing: pods reach no other node"] : []),
  ];
  return { ok: problems.length === 0, summary: `${subnet ?? "no subnet"} by ${backend}`, problems };
}
