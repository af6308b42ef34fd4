import { usualCertificatesDir } from "../inventory/cluster.ts";
import type { InventoryHost } from "../inventory/schema.ts";
import { judgeCriSocket } from "../kubernetes/cri-socket.ts";
import type { InitConfiguration, JoinConfiguration } from "../kubernetes/kubeadm-documents/v1beta4.ts";
import { argumentMap, lastValue, withoutArguments } from "./arguments.ts";
import { type NotTaken, present, type Taken, unless } from "./taken.ts";

const init = "InitConfiguration";
const join = "JoinConfiguration";
const usualCaPath = `${usualCertificatesDir}/ca.crt`;

/** Flags of the kubelet that an inventory has fields of a host for. */
const fieldFlags = ["node-ip", "hostname-override", "node-labels", "register-with-taints", "container-runtime-endpoint"] as const;

/** What an InitConfiguration says of the host that it was written for. */
export function takeInitConfiguration(configuration: InitConfiguration): Pick<Taken, "host" | "notTaken"> {
  const { nodeRegistration = {}, localAPIEndpoint = {} } = configuration;
  const { host, nodeIp, notTaken } = takeRegistration(nodeRegistration, init);
  return {
    host: present({ ...host, nodeAddress: localAPIEndpoint.advertiseAddress ?? nodeIp }),
    notTaken: [...leftOfEndpoint(configuration, nodeIp), ...notTaken, ...leftOfInit(configuration)],
  };
}

/** What a JoinConfiguration says of the worker that it was written for; how the cluster is found is nothing of an inventory's. */
export function takeJoinConfiguration(configuration: Partial<JoinConfiguration>): Pick<Taken, "host" | "notTaken"> {
  const { host, nodeIp, notTaken } = takeRegistration(configuration.nodeRegistration ?? {}, join);
  return { host: present({ ...host, nodeAddress: nodeIp }), notTaken: [...notTaken, ...leftOfJoin(configuration)] };
}

type Registration = NonNullable<InitConfiguration["nodeRegistration"]>;

/** `kind` is that of the document which holds it. `nodeIp` is the address that the kubelet announces. */
function takeRegistration(registration: Registration, kind: string) {
  const { kubeletExtraArgs = [], taints } = registration;
  const [nodeIp, hostname, labels, flagTaints, flagSocket] = fieldFlags.map((name) => lastValue(kubeletExtraArgs, name));
  const socket = flagSocket ?? registration.criSocket;
  const plainTaints = taints?.map(({ key, value, effect }) => ({ key, ...(value === undefined ? {} : { value }), effect }));
  return {
    host: {
      nodeName: hostname ?? registration.name,
      labels: labels === undefined ? undefined : parseLabels(labels),
      taints: plainTaints ?? (flagTaints === undefined ? undefined : parseTaints(flagTaints)),
      kubeletExtraArgs: argumentMap(withoutArguments(kubeletExtraArgs, fieldFlags)),
    },
    nodeIp,
    notTaken: leftOfRegistration(registration, socket, `${kind}.nodeRegistration`),
  };
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

function leftOfEndpoint({ localAPIEndpoint = {} }: InitConfiguration, nodeIp: string | undefined): readonly NotTaken[] {
  const { advertiseAddress } = localAPIEndpoint;
  return [
    ...unless(
      advertiseAddress !== undefined && nodeIp !== advertiseAddress && nodeIp,
      `${init}.nodeRegistration.kubeletExtraArgs["node-ip"]`,
      (address) => `is ${address}; a node of kboot's has one address, nodeAddress, for the kubelet and the API server: ${advertiseAddress}`,
    ),
  ];
}

function leftOfRegistration(registration: Registration, socket: string | undefined, prefix: string): readonly NotTaken[] {
  return [
    ...unless(socket === undefined ? undefined : judgeCriSocket(socket), `${prefix}.criSocket`, (message) => message),
    ...unless(
      registration.ignorePreflightErrors,
      `${prefix}.ignorePreflightErrors`,
      (names) => `${names.join(", ")}: kboot's checks have other names, and those to ignore stand in ignoreChecks`,
    ),
    ...unless(
      registration.imagePullPolicy !== "IfNotPresent" && registration.imagePullPolicy,
      `${prefix}.imagePullPolicy`,
      (policy) => `is ${policy}; kboot brings images by digest before anything runs, and pulls none that is there`,
    ),
    ...unless(
      registration.imagePullSerial === false,
      `${prefix}.imagePullSerial`,
      "is false; kboot brings images by itself, as fast as the host takes them",
    ),
  ];
}

function leftOfInit(configuration: InitConfiguration): readonly NotTaken[] {
  const { bootstrapTokens = [], certificateKey, timeouts } = configuration;
  return [
    ...bootstrapTokens.map((_token, index) => ({
      field: `${init}.bootstrapTokens[${index}]`,
      message: "is not made; kboot makes one for each join, and for others there is kboot token create",
    })),
    ...unless(
      certificateKey,
      `${init}.certificateKey`,
      "is not used; keys go from one control plane to another over SSH, not through the cluster",
    ),
    ...leftOfRun(configuration, init),
    ...unless(timeouts, `${init}.timeouts`, "are not kept to; kboot waits as long as something still moves"),
  ];
}

function leftOfJoin(configuration: Partial<JoinConfiguration>): readonly NotTaken[] {
  const { caCertPath, controlPlane, timeouts: { discovery: _heeded, ...timeouts } = {} } = configuration;
  return [
    ...unless(controlPlane, `${join}.controlPlane`, "asks for a further control plane, which kboot does not join yet"),
    ...unless(
      caCertPath !== usualCaPath && caCertPath,
      `${join}.caCertPath`,
      (path) => `is ${path}; kboot keeps the CA where the cluster has its certificates, usually in ${usualCertificatesDir}`,
    ),
    ...leftOfRun(configuration, join),
    ...Object.keys(present(timeouts)).map((name) => ({
      field: `${join}.timeouts.${name}`,
      message: "is not kept to; kboot waits as long as something still moves",
    })),
  ];
}

function leftOfRun({ skipPhases, patches, dryRun }: Pick<InitConfiguration, "skipPhases" | "patches" | "dryRun">, kind: string) {
  return [
    ...(skipPhases ?? []).map((phase, index) => ({
      field: `${kind}.skipPhases[${index}]`,
      message: `${phase} is not left out; what a run leaves out is said with --skip and a step's name`,
    })),
    ...unless(
      patches?.directory,
      `${kind}.patches.directory`,
      (path) => `the files in ${path} are not read; an inventory has patches itself, those of the host and, for CoreDNS, of the cluster`,
    ),
    ...unless(dryRun, `${kind}.dryRun`, "is a wish of that run; see kboot plan"),
  ];
}
