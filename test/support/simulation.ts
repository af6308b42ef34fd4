import { setTimeout as sleep } from "node:timers/promises";
import { checks } from "../../src/checks/index.ts";
import type { Api, Artifacts, HostKind, Step } from "../../src/engine/contracts.ts";
import { clusterPlace } from "../../src/engine/contracts.ts";
import { createEmit, type EngineEvent } from "../../src/engine/events.ts";
import { type RunResult, runWay } from "../../src/engine/run.ts";
import type { Vault } from "../../src/engine/vault.ts";
import type { Host, Script, ScriptResult } from "../../src/host/host.ts";
import { bytesPayload } from "../../src/host/payload.ts";
import type { Cluster, ClusterHost } from "../../src/inventory/cluster.ts";
import { chooseNodeAddresses } from "../../src/inventory/node-address.ts";
import { parseInventory } from "../../src/inventory/parse.ts";
import type { Live, LiveNode } from "../../src/kubernetes/live.ts";
import { issueCertificate } from "../../src/pki/issue.ts";
import { kubeletWish } from "../../src/pki/judge.ts";
import { buildKubeletKubeconfig, kubeletClientPem } from "../../src/pki/kubeconfig.ts";
import { hostKinds } from "../../src/resources/index.ts";
import { bootstrapWay } from "../../src/steps/index.ts";
import { patchMarks } from "../../src/steps/node-marks.ts";
import { turnsOf } from "../../src/steps/turns.ts";
import { controlPlanes } from "../../src/steps/where.ts";
import { noClusterKind } from "./no-cluster-kind.ts";
import { answersAfter } from "./simulated-answers.ts";

/** What a run did for one host. */
export interface Work {
  scripts: number;
  /** Of scripts and payloads. */
  bytes: number;
  /** How often a step was asked what the host shall have. */
  computed: number;
}

export interface SimulatedRun {
  readonly result: RunResult;
  readonly events: readonly EngineEvent[];
  /** By host. */
  readonly work: ReadonlyMap<string, Work>;
  /** How often a resource of any host was turned into sh, read, compared or changed. */
  readonly handled: number;
}

export interface SimulationOptions {
  /** One control plane, workers for the rest. */
  readonly hosts: number;
  /** Before each answer. */
  readonly latencyMs?: number;
  /** Called while a connection is opened; what it throws is the outcome. */
  readonly onOpen?: (host: string) => Promise<void>;
  /** Called before a host answers a script; what it throws is the answer. */
  readonly onScript?: (host: string, script: Script) => Promise<void>;
}

const { signal } = new AbortController();

/** The kinds with a mark at each fragment, by which a simulated host knows which resource it is about. */
interface MarkedKinds {
  readonly kinds: ReadonlyMap<string, HostKind>;
  /** What observing says after a change, by the mark of the change: answers by resource id. */
  readonly changes: ReadonlyMap<string, ReadonlyMap<string, string>>;
  handled(): number;
}

function markKinds(): MarkedKinds {
  const changes = new Map<string, ReadonlyMap<string, string>>();
  let handled = 0;
  const kinds = [...hostKinds].map(([name, kind]): [string, HostKind] => [
    name,
    {
      ...kind,
      observe(resource) {
        handled++;
        return `${kind.observe(resource)}\n# simulated: ${kind.id(resource)}`;
      },
      parse(resource, output) {
        handled++;
        return kind.parse(resource, output);
      },
      compare(resource, observed, context) {
        handled++;
        return kind.compare(resource, observed, context);
      },
      async change(items, context) {
        handled += items.length;
        const fragment = await kind.change(items, context);
        const resources = items.map(({ resource }) => resource);
        const answers = await answersAfter(resources, fragment);
        const mark = `${changes.size}`;
        const changed = resources.flatMap((resource, index): [string, string][] => {
          const answer = answers[index];
          return answer === undefined ? [] : [[kind.id(resource), answer]];
        });
        changes.set(mark, new Map(changed));
        return { ...fragment, script: `${fragment.script}\n# simulated change: ${mark}` };
      },
    },
  ]);
  return { kinds: new Map(kinds), changes, handled: () => handled };
}

/** A cluster of hosts that are answered for from what was changed on them; engine, way, kinds and checks are the real ones. */
export class Simulation {
  readonly cluster: Cluster;
  readonly #options: SimulationOptions;
  readonly #marked = markKinds();
  /** By host: what observing a resource says, by its id. */
  readonly #states = new Map<string, Map<string, string>>();
  /** By host: what reading its facts says since workers have joined, by section. */
  readonly #certificates = new Map<string, Readonly<Record<string, string>>>();

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.cluster = makeCluster(options.hosts);
    for (const { name } of this.cluster.hosts) this.#states.set(name, new Map());
  }

  /** What the hosts say, for `restore` in another process. */
  save(): string {
    return JSON.stringify({ states: [...this.#states].map(([host, state]) => [host, [...state]]), certificates: [...this.#certificates] });
  }

  restore(saved: string): void {
    const { states, certificates } = JSON.parse(saved) as {
      states: [string, [string, string][]][];
      certificates: [string, Record<string, string>][];
    };
    for (const [host, state] of states) this.#states.set(host, new Map(state));
    for (const [host, sections] of certificates) this.#certificates.set(host, sections);
  }

  /** Runs the whole way. */
  async run(mode: "apply" | "plan", onEvent: (event: EngineEvent) => void = () => {}): Promise<SimulatedRun> {
    const events: EngineEvent[] = [];
    const handledBefore = this.#marked.handled();
    const work = new Map(this.cluster.hosts.map(({ name }): [string, Work] => [name, { scripts: 0, bytes: 0, computed: 0 }]));
    const result = await runWay<Live>({
      run: { id: "simulated", mode: mode === "apply" ? "change" : "read", owner: "test" },
      cluster: this.cluster,
      way: bootstrapWay.map((step) => this.#countStep(step, work)),
      checks,
      kinds: this.#marked.kinds,
      clusterKind: noClusterKind,
      sources: { probes: [], resolve: async () => simulatedArtifacts },
      open: async (host) => {
        await this.#options.onOpen?.(host.name);
        return this.#open(host, work);
      },
      chooseNodeAddresses,
      readLive: async () => ({ live: completeLive(this.cluster, this.#caCert), api: {} as Api }),
      select: () => true,
      decisive: controlPlanes(this.cluster),
      turns: turnsOf(this.cluster),
      apply: mode === "apply",
      emit: createEmit([(event) => events.push(event), onEvent]),
      signal,
    });
    return { result, events, work, handled: this.#marked.handled() - handledBefore };
  }

  /** The step, with an action that is one script more. */
  #countStep(step: Step<Live>, work: ReadonlyMap<string, Work>): Step<Live> {
    const { resources, action } = step;
    return {
      ...step,
      ...(resources && {
        resources: (site, host) => {
          const counts = work.get(host);
          if (counts !== undefined) counts.computed++;
          return resources(site, host);
        },
      }),
      ...(action && {
        action: {
          ...action,
          run: async ({ host, reach, vault }) => {
            if (host !== clusterPlace) await reach(host).run({ label: action.describe, body: ":" }, { signal });
            if (step.id === "join") await this.#join(host, vault);
          },
        },
      }),
    };
  }

  /** PEM; empty until workers have joined. */
  get #caCert(): string {
    return controlPlanes(this.cluster).map((name) => this.#certificates.get(name)?.["ca-cert"])[0] ?? "";
  }

  /** The kubelet writes its kubeconfig and certificate. */
  async #join(name: string, vault: Vault): Promise<void> {
    const { certificate = "", key } = vault.need("ca");
    if (key === undefined) throw new Error("there is no CA key");
    const { endpoint, hosts } = this.cluster;
    const nodeName = hosts.find((host) => host.name === name)?.nodeName ?? name;
    const wish = { ...kubeletWish(nodeName), validityDays: 365, now: new Date(), algorithm: "ECDSA-P256" } as const;
    const { certificatePem } = await issueCertificate(wish, { certificatePem: certificate, key });
    const server = `https://${endpoint.host}:${endpoint.port}`;
    const conf = buildKubeletKubeconfig({ server, caCert: certificate, user: "default-auth", clientPath: kubeletClientPem });
    const answer = [conf, certificatePem].map((text) => `${Buffer.byteLength(text)} 600 root:root\n${text}`).join("");
    this.#states.get(name)?.set("kubeconfig:/etc/kubernetes/kubelet.conf", answer);
    for (const one of controlPlanes(this.cluster)) this.#certificates.set(one, { "ca-cert": certificate, "ca-key": key.reveal() });
    this.#certificates.set(name, { "kubelet-certificate": certificatePem });
  }

  #open({ name, address }: ClusterHost, work: ReadonlyMap<string, Work>): Host {
    const counts = work.get(name);
    const run = async (script: Script): Promise<ScriptResult> => {
      if (counts !== undefined) {
        counts.scripts++;
        counts.bytes += Buffer.byteLength(script.body) + (script.payload?.size ?? 0);
      }
      await sleep(this.#options.latencyMs ?? 0);
      await this.#options.onScript?.(name, script);
      return { exitCode: 0, stdout: Buffer.from(this.#answer(name, address, script)), stderr: "" };
    };
    return {
      name,
      address,
      get trips() {
        return counts?.scripts ?? 0;
      },
      run,
      connect: async () => {
        throw new Error("a simulated host has no ports");
      },
      close: async () => {},
    };
  }

  #answer(name: string, address: string, { label, body }: Script): string {
    const state = this.#states.get(name);
    if (state === undefined) throw new Error(`no host ${name}`);
    if (label === "read facts") return probeAnswer(name, address, this.#certificates.get(name));
    const observed = [...body.matchAll(/^# simulated: (.*)\n\) 2>&1\nprintf '\\n%s (\d+) %s\\n' (\w+)/gm)];
    const changed = [...body.matchAll(/^# simulated change: (\d+)$/gm)].map(([, mark = ""]) => this.#marked.changes.get(mark));
    for (const answers of changed) for (const [id, answer] of answers ?? []) state.set(id, answer);
    return observed.map(([, id = "", index, nonce]) => `${state.get(id) ?? absentAnswer(id)}\n${nonce} ${index} 0\n`).join("");
  }
}

/** What a bare host says of a resource. */
function absentAnswer(id: string): string {
  return id.startsWith("static-pod:") ? "--kboot-manifest--\n" : /^(certificate|kubeconfig|shared-secret):/.test(id) ? "-\n-\n-\n" : "";
}

function probeAnswer(name: string, address: string, certificates: Readonly<Record<string, string>> = {}): string {
  const sections: Readonly<Record<string, string>> = {
    uname: `${name} 6.12.1 x86_64`,
    clock: `${Math.round(Date.now() / 1000)}`,
    os: "ID=debian\nVERSION_ID=13",
    "machine-id": name,
    "product-uuid": name,
    cgroup2: "",
    cpus: "4",
    memory: "8000000",
    disk: "/dev/sda1 90000000 1000 80000000 1% /",
    addresses: `1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet ${address}/16 scope global eth0`,
    routes: "default via 10.0.0.254 dev eth0",
    resolv: "nameserver 192.0.2.53",
    systemd: "",
    commands: "apt-get\ncurl\niptables\nconntrack\nmount\nmodprobe",
    present: "overlay\nbr_netfilter\nvxlan",
    ...certificates,
  };
  return Object.entries(sections)
    .map(([section, text]) => `\0${section}\n${text}\n`)
    .join("");
}

/** Names and addresses have the same length in clusters of any size. */
function makeCluster(count: number): Cluster {
  const hosts = Array.from({ length: count }, (_, index) => {
    const role = index === 0 ? "control-plane" : "worker";
    return `    - { name: host${1000 + index}, role: ${role}, address: 10.1.${100 + Math.floor(index / 100)}.${100 + (index % 100)} }\n`;
  });
  const { cluster, problems } = parseInventory(
    `apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: { name: simulated }
spec:
  kubernetesVersion: 1.36.3
  network: { plugin: flannel }
  networking: { podSubnet: 10.128.0.0/12 }
  hosts:
${hosts.join("")}`,
    { file: "kboot.yaml", home: "/root" },
  );
  if (cluster === undefined) throw new Error(`the inventory is wrong: ${JSON.stringify(problems)}`);
  return cluster;
}

const digest = "a".repeat(64);

const simulatedArtifacts: Artifacts = {
  file: (name, version, architecture) => ({
    name,
    version,
    architecture,
    format: "raw",
    sha256: digest,
    payload: async () => bytesPayload(Buffer.alloc(1000)),
    members: { find: () => ({ path: name, sha256: digest }) } as unknown as ReturnType<Artifacts["file"]>["members"],
  }),
  image: (name, architecture) => ({ name, architecture, digest: `sha256:${digest}`, blobs: [] }),
  imageArchive: async () => bytesPayload(Buffer.alloc(1000)),
};

/** All hosts are nodes as wished, and everything runs. */
function completeLive(cluster: Cluster, caCert: string): Live {
  const marks = { "node-role.kubernetes.io/control-plane": "", "node.kubernetes.io/exclude-from-external-load-balancers": "" };
  const nodes = cluster.hosts.map((host): [string, LiveNode] => {
    const node: LiveNode = {
      name: host.nodeName,
      isReady: true,
      saidAt: Number.POSITIVE_INFINITY,
      annotations: {},
      labels: host.role === "control-plane" ? marks : {},
      taints: host.taints,
      internalAddress: host.address,
      kubeletVersion: "v1.36.3",
    };
    const { annotations = {} } = patchMarks(host, node)?.metadata ?? {};
    return [host.nodeName, { ...node, annotations: annotations as LiveNode["annotations"] }];
  });
  const isRunning = { get: () => true, has: () => false } as unknown as Live["workloads"];
  return { caCert, nodes: new Map(nodes), workloads: isRunning, daemonSets: new Map(), settled: [], applied: [] };
}
