import type { InventoryHost } from "../inventory/schema.ts";
import { judgeCriSocket } from "../kubernetes/cri-socket.ts";
import type { InitConfiguration } from "../kubernetes/kubeadm-documents/v1beta4.ts";
import { argumentMap, lastValue, withoutArguments } from "./arguments.ts";
import { type NotTaken, present, type Taken, unless } from "./taken.ts";

const prefix = "InitConfiguration";
const registration = `${prefix}.nodeRegistration`;

/** Flags of the kubelet that an inventory has fields of a host for. */
const fieldFlags = ["node-ip", "hostname-override", "node-labels", "register-with-taints", "container-runtime-endpoint"] as const;

/** What an InitConfiguration says of the host that it was written for. */
export function takeInitConfiguration(configuration: InitConfiguration): Pick<Taken, "host" | "notTaken"> {
  const { nodeRegistration = {}, localAPIEndpoint = {} } = configuration;
  const { kubeletExtraArgs = [], taints } = nodeRegistration;
  const [nodeIp, hostname, labels, flagTaints, flagSocket] = fieldFlags.map((name) => lastValue(kubeletExtraArgs, name));
  const socket = flagSocket ?? nodeRegistration.criSocket;
  const plainTaints = taints?.map(({ key, value, effect }) => ({ key, ...(value === undefined ? {} : { value }), effect }));
  const host = present({
    nodeName: hostname ?? nodeRegistration.name,
    nodeAddress: localAPIEndpoint.advertiseAddress ?? nodeIp,
    labels: labels === undefined ? undefined : parseLabels(labels),
    taints: plainTaints ?? (flagTaints === undefined ? undefined : parseTaints(flagTaints)),
    kubeletExtraArgs: argumentMap(withoutArguments(kubeletExtraArgs, fieldFlags)),
  });
  return { host, notTaken: [...leftOfNode(configuration, socket, nodeIp), ...leftOfRun(configuration)] };
}

/** `a=b,c=` as the kubelet reads it. */
function parseLabels(text: string): Readonly<Record<string, string>> {
  const entries = text.split(",").filter((word) => word !== "");
  return Object.fromEntries(entries.map((word) => word.split(/=(.*)/s, 2)).map(([key = "", value = ""]) => [key, value]));
}

/** `key=value:effect,key:effect` as the kubelet reads it. What is wrong there is left to the inventory's schema to say. */
function parseTaints(text: string): NonNullable<InventoryHost["taints"]> {
  const entries = text.split(",").filter((word) => word !== "");
  return entries.map((word) => {
    const [, key = word, , value, effect] = /^([^=:]*)(=([^:]*))?:(.*)$/.exec(word) ?? [];
    return { key, ...(value === undefined ? {} : { value }), effect: effect as "NoSchedule" };
  });
}

function leftOfNode(configuration: InitConfiguration, socket: string | undefined, nodeIp: string | undefined): readonly NotTaken[] {
  const { nodeRegistration = {}, localAPIEndpoint = {} } = configuration;
  const { advertiseAddress } = localAPIEndpoint;
  return [
    ...unless(
      advertiseAddress !== undefined && nodeIp !== advertiseAddress && nodeIp,
      `${registration}.kubeletExtraArgs["node-ip"]`,
      (address) => `is ${address}; a node of kboot's has one address, nodeAddress, for the kubelet and the API server: ${advertiseAddress}`,
    ),
    ...unless(socket === undefined ? undefined : judgeCriSocket(socket), `${registration}.criSocket`, (message) => message),
    ...unless(
      nodeRegistration.ignorePreflightErrors,
      `${registration}.ignorePreflightErrors`,
      (names) => `${names.join(", ")}: kboot's checks have other names, and those to ignore stand in ignoreChecks`,
    ),
    ...unless(
      nodeRegistration.imagePullPolicy !== "IfNotPresent" && nodeRegistration.imagePullPolicy,
      `${registration}.imagePullPolicy`,
      (policy) => `is ${policy}; kboot brings images by digest before anything runs, and pulls none that is there`,
    ),
    ...unless(
      nodeRegistration.imagePullSerial === false,
      `${registration}.imagePullSerial`,
      "is false; kboot brings images by itself, as fast as the host takes them",
    ),
  ];
}

function leftOfRun(configuration: InitConfiguration): readonly NotTaken[] {
  const { bootstrapTokens = [], certificateKey, skipPhases, patches, dryRun, timeouts } = configuration;
  return [
    ...bootstrapTokens.map((_token, index) => ({
      field: `${prefix}.bootstrapTokens[${index}]`,
      message: "is not made; kboot makes one for each join, and for others there is kboot token create",
    })),
    ...unless(
      certificateKey,
      `${prefix}.certificateKey`,
      "is not used; keys go from one control plane to another over SSH, not through the cluster",
    ),
    ...(skipPhases ?? []).map((phase, index) => ({
      field: `${prefix}.skipPhases[${index}]`,
      message: `${phase} is not left out; what a run leaves out is said with --skip and a step's name`,
    })),
    ...unless(
      patches?.directory,
      `${prefix}.patches.directory`,
      (path) => `patches in ${path} are not applied; what an inventory can change of a component are its extraArgs, kubelet and kubeProxy`,
    ),
    ...unless(dryRun, `${prefix}.dryRun`, "is a wish of that run; see kboot plan"),
    ...unless(timeouts, `${prefix}.timeouts`, "are not kept to; kboot waits as long as something still moves"),
  ];
}
