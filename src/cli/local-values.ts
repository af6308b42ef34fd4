import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { KbootError } from "../errors.ts";
import { bootstrapTokenText, generateBootstrapToken } from "../kubernetes/bootstrap-token.ts";
import type { LocalValues } from "../kubernetes/kubeadm-documents/defaults.ts";
import { newestKubernetes } from "../kubernetes/versions.ts";
import { ownNodeName } from "../machine/machine.ts";

/** What kubeadm fills in from the machine it runs on; a token is made up. */
export function localValues(taints?: LocalValues["taints"]): LocalValues {
  return {
    nodeName: ownNodeName(),
    advertiseAddress: () => chooseAddress(readRoutes(), networkInterfaces()),
    token: bootstrapTokenText(generateBootstrapToken()),
    kubernetesVersion: `v${newestKubernetes}`,
    taints,
  };
}

/** `/proc/net/route` of Linux; nothing where there is none. */
function readRoutes(): string {
  try {
    return readFileSync("/proc/net/route", "utf8");
  } catch {
    return "";
  }
}

/**
 * The first IPv4 address of the interface with the default route, else of any that leads to other machines (apimachinery, net/interface.go).
 * `routes` is the content of `/proc/net/route`. Throws KbootError `usage` when there is none.
 */
export function chooseAddress(routes: string, interfaces: ReturnType<typeof networkInterfaces>): string {
  const rows = routes.split("\n").map((line) => line.split("\t"));
  const outward = rows.filter(([, destination, , flags, , , , mask]) => {
    return destination === "00000000" && mask === "00000000" && (Number.parseInt(flags ?? "0", 16) & 1) === 1;
  });
  const names = [...outward.map(([name = ""]) => name), ...Object.keys(interfaces)];
  const found = names
    .flatMap((name) => interfaces[name] ?? [])
    .find(({ family, internal, address }) => family === "IPv4" && !internal && !address.startsWith("169.254."));
  if (found !== undefined) return found.address;
  throw new KbootError("usage", "this machine has no address at which others reach it", {
    hint: "write InitConfiguration.localAPIEndpoint.advertiseAddress into the file that --config names",
  });
}
