import type { Draft } from "./draft.ts";
import { networkOptions } from "./network-schema.ts";
import type { Finding } from "./problem.ts";
import { networkingOf } from "./resolve.ts";
import { defaultPlugin, isBefore, weaveVersionOf } from "./resolve-network.ts";
import type { InventorySpec } from "./schema.ts";
import { contains, portOf } from "./subnet.ts";

type Options = NonNullable<InventorySpec["network"]>;
type Option = keyof Options;

/** What is wrong between options of the pod network, and between them and the rest of the file. */
export function networkRules(draft: Draft): readonly Finding[] {
  if (draft.wrong.has("network")) return [];
  const { plugin = defaultPlugin, ...options } = draft.spec.network ?? {};
  const meaningless = Object.keys(options).filter((option) => !(option in networkOptions[plugin]));
  return [
    ...meaningless.map((option) => at(option, `has no meaning with plugin: ${plugin}; remove it`, true)),
    ...(plugin === "weave-net" ? weaveRules(draft, options) : []),
  ];
}

function at(option: string, message: string, atKey = false): Finding {
  return { path: ["spec", "network", option], message, atKey };
}

function weaveRules(draft: Draft, options: Options): readonly Finding[] {
  return [
    ...needs(options),
    ...versions(options),
    ...listeners(options),
    ...peers(draft, options),
    ...exposed(draft, options),
    ...weaverArgs(options),
    ...policyArgs(options),
    ...masquerade(draft, options),
  ];
}

/** Options that do nothing since another is off. */
function needs(options: Options): readonly Finding[] {
  const useless: readonly (readonly [Option, Option])[] = [
    ["passwordFile", "encryption"],
    ["trustedSubnets", "encryption"],
    ["policyExtraArgs", "networkPolicy"],
  ];
  return useless
    .filter(([option, needed]) => options[option] !== undefined && options[needed] === false)
    .map(([option, needed]) => at(option, `has no effect with ${needed}: false; remove it`, true));
}

function versions(options: Options): readonly Finding[] {
  const version = weaveVersionOf(options);
  const isPolicyOn = options.networkPolicy ?? true;
  return [
    ...(isBefore(version, "2.8.1") ? [at("version", `Weave Net ${version} is older than kboot can install; choose 2.8.1 or newer`)] : []),
    ...(options.iptablesBackend === "legacy" && isPolicyOn && !isBefore(version, "2.9.0")
      ? [at("iptablesBackend", `weave-npc of ${version} cannot use legacy; choose nft, networkPolicy: false, or a version before 2.9.0`)]
      : []),
    ...(options.debug === true && isBefore(version, "2.8.4")
      ? [at("debug", `Weave Net ${version} does not know it; choose version 2.8.4 or newer`)]
      : []),
  ];
}

/** Weave Net's own port, on all addresses (weaver, `--port`). */
const meshPort = "6783";

/** Where weave-npc's metrics are, on the node's address unless told otherwise (weave-npc, `--metrics-addr`). */
function policyMetrics({
  networkPolicy = true,
  policyExtraArgs,
}: Options): { readonly port: string; readonly isWritten: boolean } | undefined {
  if (!networkPolicy) return undefined;
  const written = policyExtraArgs?.["metrics-addr"];
  return { port: portOf(String(written ?? ":6781")), isWritten: written !== undefined };
}

function listeners(options: Options): readonly Finding[] {
  const defaults = { httpAddress: "127.0.0.1:6784", metricsAddress: "0.0.0.0:6782", statusAddress: undefined };
  const names = Object.keys(defaults) as (keyof typeof defaults)[];
  // what is written is wrong, never the default of another
  const inOrder = names.toSorted((a, b) => Number(options[a] !== undefined) - Number(options[b] !== undefined));
  const taken = new Map([[meshPort, "the mesh"]]);
  const policy = policyMetrics(options);
  if (policy !== undefined && !policy.isWritten) taken.set(policy.port, "weave-npc's metrics");
  const findings = inOrder.flatMap((option) => {
    const listener = options[option] ?? defaults[option];
    if (listener === undefined) return [];
    const port = portOf(listener);
    const by = taken.get(port);
    taken.set(port, option);
    return by === undefined ? [] : [at(option, `port ${port} is that of ${by}; choose another`)];
  });
  if (policy?.isWritten && taken.has(policy.port)) {
    findings.push(argument("policyExtraArgs", "metrics-addr", `port ${policy.port} is that of ${taken.get(policy.port)}; choose another`));
  }
  const { httpAddress } = options;
  return httpAddress === undefined || contains("127.0.0.0/8", httpAddress.slice(0, httpAddress.indexOf(":")))
    ? findings
    : [at("httpAddress", `whoever reaches ${httpAddress} controls the network, without a password; give a loopback address`), ...findings];
}

function peers({ hosts, wrong }: Draft, { connectionLimit, ipallocInit }: Options): readonly Finding[] {
  if (wrong.has("hosts")) return [];
  const others = hosts.length - 1;
  const count = Number(/^consensus=(\d+)$/.exec(ipallocInit ?? "")?.[1] ?? 0);
  const quorum = Math.floor(count / 2) + 1;
  return [
    ...(connectionLimit !== undefined && connectionLimit < others
      ? [at("connectionLimit", `each node connects to ${others} others, and ${connectionLimit} leave some out; choose ${others} or more`)]
      : []),
    ...(quorum > hosts.length
      ? [at("ipallocInit", `${quorum} of ${count} peers have to agree, and there are ${hosts.length}; choose consensus=${hosts.length}`)]
      : []),
  ];
}

function exposed({ spec, hosts, wrong }: Draft, { exposeAddress }: Options): readonly Finding[] {
  if (exposeAddress === undefined) return [];
  const { podSubnet } = networkingOf(spec);
  const isInside = wrong.has("networking") || contains(podSubnet, exposeAddress.slice(0, exposeAddress.indexOf("/")));
  return [
    ...(hosts.length > 1 ? [at("exposeAddress", `every one of ${hosts.length} nodes would have it; leave it to Weave Net`)] : []),
    ...(isInside ? [] : [at("exposeAddress", `${exposeAddress} is not in podSubnet ${podSubnet}, which Weave Net allocates from`)]),
  ];
}

/** Arguments that follow from other options, or from how kboot runs weaver. */
const weaverOwned: Readonly<Record<string, string>> = {
  "conn-limit": "set connectionLimit",
  "http-addr": "set httpAddress",
  "ipalloc-init": "set ipallocInit",
  "ipalloc-range": "set networking.podSubnet",
  "metrics-addr": "set metricsAddress",
  mtu: "set mtu",
  "no-fastdp": "set fastDatapath",
  "no-masq-local": "set noMasqLocal",
  "expect-npc": "set networkPolicy",
  password: "set passwordFile: what stands here can be read by everyone",
  "status-addr": "set statusAddress",
  "trusted-subnets": "set trustedSubnets",
  ...Object.fromEntries(
    ["awsvpc", "datapath", "db-prefix", "docker-api", "host-root", "name", "nickname", "no-dns", "port"].map((name) => [
      name,
      "kboot sets it",
    ]),
  ),
};

function weaverArgs({ extraArgs }: Options): readonly Finding[] {
  const owned = Object.keys(extraArgs ?? {}).flatMap((name) => {
    const instead = weaverOwned[name];
    return instead === undefined ? [] : [argument("extraArgs", name, `must not be set here; ${instead}`, true)];
  });
  return [...owned, ...unsplit("extraArgs", extraArgs)];
}

function policyArgs({ policyExtraArgs }: Options): readonly Finding[] {
  return unsplit("policyExtraArgs", policyExtraArgs);
}

/** A shell splits the arguments at blanks and fills in patterns (launch.sh of the images), and Kubernetes fills in `$(NAME)`. */
function unsplit(option: Option, args: Options["extraArgs"]): readonly Finding[] {
  return Object.entries(args ?? {})
    .filter(([, value]) => [value].flat().some((one) => /[\s*?[\]\\$]/.test(String(one))))
    .map(([name]) => argument(option, name, "blanks, *, ?, [, ], \\ and $ do not reach the program as they are; leave them out"));
}

function argument(option: Option, name: string, message: string, atKey = false): Finding {
  return { path: ["spec", "network", option, name], message, atKey };
}

/** kube-proxy hides who sends, and policies judge by it. */
function masquerade({ spec }: Draft, { networkPolicy = true }: Options): readonly Finding[] {
  if (!networkPolicy) return [];
  return ["iptables", "ipvs", "nftables"].flatMap((mode) => {
    const settings: unknown = spec.kubeProxy?.[mode];
    return typeof settings === "object" && settings !== null && "masqueradeAll" in settings && settings.masqueradeAll === true
      ? [
          {
            path: ["spec", "kubeProxy", mode, "masqueradeAll"],
            message: "hides the senders by which Weave Net's policies judge; remove it, or set network.networkPolicy: false",
          },
        ]
      : [];
  });
}
