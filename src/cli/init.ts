import { homedir } from "node:os";
import { stringify } from "yaml";
import { bundledVersions } from "../artifacts/bundled-versions.ts";
import { checkNames } from "../checks/index.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { parseInventory } from "../inventory/parse.ts";
import { withFiles } from "../inventory/read.ts";
import { judgeHostAddress } from "../inventory/subnet.ts";
import { bootstrapGroup } from "../kubernetes/bootstrap-rbac.ts";
import { parseBootstrapToken, tokenUsages } from "../kubernetes/bootstrap-token.ts";
import { supportedMinors, versionOfLabel } from "../kubernetes/versions.ts";
import { baseOf, type MachineConfig, readConfig } from "../machine/config.ts";
import { assertContainerd } from "../machine/cri-socket.ts";
import { type InitBase, type InitFlags, initDocument, originOf } from "../machine/init-document.ts";
import { addressOfDefaultRoute, assertRoot, machineLogs, ownNodeName, readOwnFacts } from "../machine/machine.ts";
import { limitWay, onlyPhase, type Phases, skipPhases } from "../machine/phases.ts";
import { checksFrom, ignoredChecks } from "../machine/preflight.ts";
import { readPatches } from "../machine/read-patches.ts";
import { readSource } from "../machine/sources.ts";
import { resourceId } from "../resources/index.ts";
import { Secret } from "../secret.ts";
import { bootstrapWay } from "../steps/index.ts";
import { applyRole, fromAfar } from "./apply.ts";
import { finishInit } from "./finish-init.ts";
import { frameRun } from "./frame.ts";
import { withApi } from "./open-api.ts";
import { identify, operate } from "./operate.ts";
import { say } from "./say.ts";
import { readWish } from "./token.ts";

interface Options extends InitFlags {
  readonly config?: string;
  readonly criSocket?: string;
  readonly ignorePreflightErrors?: string;
  readonly patches?: string;
  readonly skipPhases?: string;
  readonly token?: string;
  readonly tokenTtl?: string;
  readonly skipTokenPrint?: boolean;
  readonly inventory?: string;
  readonly dryRun?: boolean;
  readonly output: "text" | "json";
}

const adminConfig = "/etc/kubernetes/admin.conf";

/** `kboot init`: makes this machine the control plane of a new cluster, or with an inventory the control planes that it names. */
export async function init(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const options = given as unknown as Options;
  if (options.inventory !== undefined) return applyRole("control-plane", fromAfar(given), signal);
  const config = options.config === undefined ? undefined : await readConfig(options.config);
  const skipped = options.skipPhases?.split(",") ?? config?.kubeadm.InitConfiguration?.skipPhases ?? [];
  await run("init", options, config, skipPhases("init", skipped), signal);
}

/** `kboot init phase NAME [SUB]` */
export async function initPhase(given: Record<string, unknown>, signal: AbortSignal, words: readonly string[]): Promise<void> {
  const options = given as unknown as Options;
  const config = options.config === undefined ? undefined : await readConfig(options.config);
  await run("init phase", options, config, onlyPhase("init", words.join("/")), signal);
}

async function run(
  command: string,
  options: Options,
  config: MachineConfig | undefined,
  phases: Phases,
  signal: AbortSignal,
): Promise<void> {
  assertRoot(command);
  const isDry = options.dryRun ?? config?.kubeadm.InitConfiguration?.dryRun ?? false;
  // judged before anything is done
  assertContainerd("--cri-socket", options.criSocket);
  const { asked, wish } = chooseToken(options, config);
  const identity = identify(command, isDry ? "read" : "change");
  const cluster = await clusterOfMachine(options, config, phases, identify(command, "read"), signal);
  await frameRun({ logs: machineLogs, output: options.output, identity }, signal, (emit) =>
    operate(cluster, identity, (_place, step) => phases.takesStep(step), emit, signal, {
      way: limitWay(bootstrapWay, phases, resourceId),
    }),
  );
  if (isDry || !(phases.token || phases.message)) return;
  const needsNetwork = cluster.network.plugin === "none";
  const showsAlone = command === "init phase" && !phases.token;
  const { output, skipTokenPrint = false } = options;
  await withApi({ kubeconfig: adminConfig }, command, signal, async (api) => {
    process.stdout.write(await finishInit(api, { phases, asked, wish, output, skipTokenPrint, needsNetwork, showsAlone }, signal));
  });
}

/** The token of the end: the one that flags or file name, and how it is to be. Throws KbootError `usage` before anything is done. */
function chooseToken(options: Options, config: MachineConfig | undefined) {
  const [described, ...others] = config?.kubeadm.InitConfiguration?.bootstrapTokens ?? [];
  if (others.length > 0 || described?.expires !== undefined) {
    throw new KbootError("usage", "of InitConfiguration.bootstrapTokens kboot makes one, with a ttl", {
      where: config === undefined ? {} : { file: config.file },
      hint: "keep one, with ttl in place of expires; make more with kboot token create",
    });
  }
  const inFile = (field: string) => `${config?.file}: InitConfiguration.bootstrapTokens[0].${field}`;
  const token = options.token === undefined ? (described?.token?.reveal() ?? undefined) : options.token;
  return {
    asked: token === undefined ? undefined : parseBootstrapToken(new Secret(token)),
    wish: readWish(
      {
        ttl: options.tokenTtl ?? described?.ttl ?? "24h0m0s",
        usages: (described?.usages ?? tokenUsages).join(","),
        groups: described?.groups?.join(",") ?? bootstrapGroup,
        description: described?.description ?? "kboot init",
      },
      new Date(),
      {
        ttl: options.tokenTtl === undefined ? inFile("ttl") : "--token-ttl",
        usages: inFile("usages"),
        groups: inFile("groups"),
      },
    ),
  };
}

/** The cluster that the flags ask for, with this machine as its control plane. Throws KbootError `usage` that names the flags that are wrong. */
async function clusterOfMachine(
  options: Options,
  config: MachineConfig | undefined,
  phases: Phases,
  run: RunIdentity,
  signal: AbortSignal,
): Promise<Cluster> {
  const facts = await readOwnFacts(run, signal);
  const wrong = options.apiserverAdvertiseAddress === undefined ? undefined : judgeHostAddress(options.apiserverAdvertiseAddress);
  if (wrong !== undefined) throw new KbootError("usage", `--apiserver-advertise-address: ${wrong}`, { hint: "kboot init --help" });
  const { localAPIEndpoint, nodeRegistration, patches } = config?.kubeadm.InitConfiguration ?? {};
  const address = options.apiserverAdvertiseAddress ?? localAPIEndpoint?.advertiseAddress ?? addressOfDefaultRoute(facts);
  if (address === undefined) {
    throw new KbootError("usage", "this machine has no default route that says by which address others reach it", {
      hint: "name the address: --apiserver-advertise-address 192.168.56.11",
    });
  }
  const directory = options.patches ?? patches?.directory;
  const base = {
    ...(config === undefined ? {} : baseOf(config, address, say)),
    ...(directory === undefined ? {} : readPatches(directory)),
  };
  for (const sentence of base.ignored ?? []) say(sentence);
  const nodeName = options.nodeName ?? nodeRegistration?.name ?? ownNodeName();
  const machine = { nodeName, address, kubernetesVersion: await chooseVersion(options, config, base) };
  const document = initDocument(options, machine, base);
  const { cluster, problems } = await withFiles(
    parseInventory(stringify(document), { file: config?.file ?? "kboot.yaml", home: homedir() }),
  );
  if (cluster === undefined) {
    const lines = problems.map(({ field, message }) => `${originOf(field, options, base)}: ${message}`);
    throw new KbootError("usage", lines.join("\n"), { hint: "kboot init --help" });
  }
  return {
    ...cluster,
    ignoreChecks: ignoredChecks(
      options.ignorePreflightErrors?.split(",") ?? nodeRegistration?.ignorePreflightErrors ?? [],
      phases,
      checkNames,
      checksFrom(options.ignorePreflightErrors, config, "InitConfiguration"),
    ),
  };
}

/** As asked for by flag or file; else that of the bundle, where one is named; else the newest that this kboot knows. */
async function chooseVersion(options: Options, config: MachineConfig | undefined, { spec = {} }: InitBase): Promise<string> {
  const asked = options.kubernetesVersion ?? config?.own["kubernetesVersion"] ?? config?.kubeadm.ClusterConfiguration?.kubernetesVersion;
  if (typeof asked === "string") return versionOfLabel(asked) ?? asked;
  const sources = options.source?.map(readSource) ?? spec["sources"];
  const bundles = (Array.isArray(sources) ? sources : []).flatMap((one: unknown) => (isBundle(one) ? [one.bundle] : []));
  const bundled = (await Promise.all(bundles.map(bundledVersions))).flat();
  if (bundled.length > 1) {
    throw new KbootError("usage", `the bundle has Kubernetes ${bundled.join(" and ")}`, {
      hint: `name one: --kubernetes-version ${bundled[0]}`,
    });
  }
  const newest = bundled[0] ?? versionOfLabel("stable-1");
  if (newest === undefined) throw new Error(`no version of ${supportedMinors.join(", ")} is known`);
  return newest;
}

function isBundle(source: unknown): source is { readonly bundle: string } {
  return typeof source === "object" && source !== null && typeof (source as { bundle?: unknown }).bundle === "string";
}
