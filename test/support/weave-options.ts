import type { V1Container, V1DaemonSet } from "@kubernetes/client-node";
import type { WeaveNetwork } from "../../src/inventory/cluster.ts";
import { networkPlugin } from "../../src/network/index.ts";
import type { NetworkContext } from "../../src/network/plugin.ts";
import { Secret } from "../../src/secret.ts";
import { testCluster, weaveNetwork } from "../kubernetes/fixture.ts";

/** Variables by container; undefined where one is not set. */
type Expected = Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;

/** Every option of Weave Net's that stands in the environment of its containers, as asked and as rendered. */
export const weaveOptions: readonly (readonly [title: string, over: Partial<WeaveNetwork>, expected: Expected])[] = [
  [
    "nothing but defaults",
    {},
    {
      "weave-init": { HAIRPIN_MODE: "true", EXPECT_NPC: undefined, WEAVE_DEBUG: undefined },
      weave: {
        INIT_CONTAINER: "true",
        CHECKPOINT_DISABLE: "1",
        IPALLOC_RANGE: "10.50.0.0/16",
        IPTABLES_BACKEND: "nft",
        WEAVE_PASSWORD: "from Secret weave-net, key password",
        EXPECT_NPC: undefined,
        NO_MASQ_LOCAL: undefined,
        CONN_LIMIT: "200",
        IPALLOC_INIT: undefined,
        KUBE_PEERS: undefined,
        WEAVE_EXPOSE_IP: undefined,
        WEAVE_HTTP_ADDR: undefined,
        WEAVE_METRICS_ADDR: "$(NODE_ADDRESS):6782",
        WEAVE_STATUS_ADDR: undefined,
        WEAVE_DEBUG: undefined,
        EXTRA_ARGS: undefined,
      },
      "weave-npc": { IPTABLES_BACKEND: "nft", EXTRA_ARGS: "--metrics-addr=$(NODE_ADDRESS):6781 --log-level=info" },
    },
  ],
  ["mtu", { mtu: 1300 }, { weave: { WEAVE_MTU: "1300" } }],
  ["encryption off", { encryption: false }, { weave: { WEAVE_PASSWORD: undefined } }],
  ["a password", { password: new Secret("not to be seen") }, { weave: { WEAVE_PASSWORD: "from Secret weave-net, key password" } }],
  [
    "trusted subnets",
    { trustedSubnets: ["10.0.0.0/24", "10.1.0.0/24"] },
    { weave: { EXTRA_ARGS: "--trusted-subnets=10.0.0.0/24,10.1.0.0/24" } },
  ],
  ["no policies", { networkPolicy: false }, { "weave-init": { EXPECT_NPC: "0" }, weave: { EXPECT_NPC: "0" } }],
  ["fast datapath off", { fastDatapath: false }, { weave: { WEAVE_NO_FASTDP: "1" } }],
  ["fast datapath on", { fastDatapath: true }, { weave: { WEAVE_NO_FASTDP: undefined, WEAVE_MTU: undefined } }],
  ["no hairpin", { hairpinMode: false }, { "weave-init": { HAIRPIN_MODE: "false" } }],
  ["masquerading of local pods", { noMasqLocal: false }, { weave: { NO_MASQ_LOCAL: "0" } }],
  ["a limit of connections", { connectionLimit: 500 }, { weave: { CONN_LIMIT: "500" } }],
  ["who allocates first", { ipallocInit: "consensus=2" }, { weave: { IPALLOC_INIT: "consensus=2" } }],
  ["peers", { peers: ["192.168.56.11", "worker1.example.com"] }, { weave: { KUBE_PEERS: "192.168.56.11 worker1.example.com" } }],
  ["the bridge's address", { exposeAddress: "10.50.0.1/16" }, { weave: { WEAVE_EXPOSE_IP: "10.50.0.1/16" } }],
  ["the control API's address", { httpAddress: "127.0.0.1:7784" }, { weave: { WEAVE_HTTP_ADDR: "127.0.0.1:7784" } }],
  ["the metrics' address", { metricsAddress: "0.0.0.0:9782" }, { weave: { WEAVE_METRICS_ADDR: "0.0.0.0:9782" } }],
  ["a status address", { statusAddress: "0.0.0.0:6785" }, { weave: { WEAVE_STATUS_ADDR: "0.0.0.0:6785" } }],
  [
    "the old iptables",
    { iptablesBackend: "legacy", version: "2.8.1" },
    { weave: { IPTABLES_BACKEND: "legacy" }, "weave-npc": { IPTABLES_BACKEND: "legacy" } },
  ],
  ["the check for updates", { checkForUpdates: true }, { weave: { CHECKPOINT_DISABLE: undefined } }],
  ["debugging", { debug: true }, { "weave-init": { WEAVE_DEBUG: "1" }, weave: { WEAVE_DEBUG: "1" }, "weave-npc": { WEAVE_DEBUG: "1" } }],
  [
    "arguments of weaver",
    { extraArgs: [{ name: "log-level", value: "debug" }], trustedSubnets: ["10.0.0.0/24"] },
    { weave: { EXTRA_ARGS: "--trusted-subnets=10.0.0.0/24 --log-level=debug" } },
  ],
  [
    "arguments of weave-npc, over kboot's own",
    {
      policyExtraArgs: [
        { name: "log-level", value: "debug" },
        { name: "allow-mcast", value: "false" },
      ],
    },
    { "weave-npc": { EXTRA_ARGS: "--metrics-addr=$(NODE_ADDRESS):6781 --log-level=debug --allow-mcast=false" } },
  ],
];

const nothingKnown: NetworkContext = { facts: new Map(), running: undefined };

/** Weave Net's objects with these options, for pods in 10.50.0.0/16. */
export function weaveObjectsWith(over: Partial<WeaveNetwork>, context = nothingKnown) {
  const cluster = testCluster({ network: weaveNetwork(over), podSubnet: "10.50.0.0/16" });
  return networkPlugin(cluster)?.objects(cluster, context) ?? [];
}

/** The containers of Weave Net's pods, the one that begins first. */
export function weaveContainers(over: Partial<WeaveNetwork>, context = nothingKnown): readonly V1Container[] {
  const found = weaveObjectsWith(over, context).find(({ object }) => object.kind === "DaemonSet")?.object as unknown as V1DaemonSet;
  const { initContainers = [], containers = [] } = found.spec?.template.spec ?? {};
  return [...initContainers, ...containers];
}

/** A variable of a container: its value, or where that comes from. */
export function variableIn(containers: readonly V1Container[], container: string, name: string): string | undefined {
  const found = containers.find((one) => one.name === container)?.env?.find((one) => one.name === name);
  const secret = found?.valueFrom?.secretKeyRef;
  return secret === undefined ? found?.value : `from Secret ${secret.name}, key ${secret.key}`;
}
