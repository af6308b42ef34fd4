import { stringify } from "yaml";
import { bundledVersions } from "../artifacts/bundled-versions.ts";
import { checkNames } from "../checks/index.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { parseInventory } from "../inventory/parse.ts";
import type { Problem } from "../inventory/problem.ts";
import { bootstrapGroup } from "../kubernetes/bootstrap-rbac.ts";
import { bootstrapTokenText, generateBootstrapToken, parseBootstrapToken, tokenUsages } from "../kubernetes/bootstrap-token.ts";
import { joinCommand } from "../kubernetes/join-command.ts";
import { supportedMinors, versionOfLabel } from "../kubernetes/versions.ts";
import { baseOf, type MachineConfig, readConfig } from "../machine/config.ts";
import { flagOfField, type InitBase, type InitFlags, initDocument } from "../machine/init-document.ts";
import { printInitMessage } from "../machine/init-message.ts";
import { addressOfDefaultRoute, assertRoot, machineLogs, ownNodeName, readOwnFacts } from "../machine/machine.ts";
import { limitWay, onlyPhase, type Phases, skipPhases } from "../machine/phases.ts";
import { ignoredChecks } from "../machine/preflight.ts";
import { readSource } from "../machine/sources.ts";
import { resourceId } from "../resources/index.ts";
import { Secret } from "../secret.ts";
import { bootstrapWay } from "../steps/index.ts";
import { applyRole } from "./apply.ts";
import { frameRun } from "./frame.ts";
import { withApi } from "./open-api.ts";
import { identify, operate } from "./operate.ts";
import { putToken, readJoinTarget, readWish } from "./token.ts";

interface Options extends InitFlags {
  readonly config?: string;
  readonly ignorePreflightErrors?: string;
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
  if (options.inventory !== undefined) return applyRole("control-plane", { ...options, file: options.inventory }, signal);
  const asked = options.config === undefined ? undefined : (await readConfig(options.config)).kubeadm.InitConfiguration?.skipPhases;
  await run("init", options, skipPhases("init", options.skipPhases?.split(",") ?? asked ?? []), signal);
}

/** `kboot init phase NAME [SUB]` */
export async function initPhase(given: Record<string, unknown>, signal: AbortSignal, words: readonly string[]): Promise<void> {
  await run("init phase", given as unknown as Options, onlyPhase("init", words.join("/")), signal);
}

async function run(command: string, options: Options, phases: Phases, signal: AbortSignal): Promise<void> {
  assertRoot(command);
  // judged before anything is done
  const config = options.config === undefined ? undefined : await readConfig(options.config);
  const { token, wish } = chooseToken(options, config);
  const identity = identify(command, options.dryRun ? "read" : "change");
  const cluster = await clusterOfMachine(options, config, phases, identify(command, "read"), signal);
  await frameRun({ logs: machineLogs, output: options.output, identity }, signal, (emit) =>
    operate(cluster, identity, (_place, step) => phases.takesStep(step), emit, signal, {
      way: limitWay(bootstrapWay, phases, resourceId),
    }),
  );
  if (options.dryRun || !(phases.token || phases.message)) return;
  await withApi({ kubeconfig: adminConfig }, command, signal, async (api) => {
    if (phases.token) await putToken(api, token, wish, signal);
    if (!phases.message || options.output === "json") return;
    const target = await readJoinTarget(api, signal);
    const line = phases.token ? joinCommand("kboot", token, target) : undefined;
    const join = options.skipTokenPrint ? line?.reveal().replace(bootstrapTokenText(token).reveal(), "<value withheld>") : line?.reveal();
    process.stdout.write(printInitMessage({ join, needsNetwork: cluster.network.plugin === "none" }));
  });
}

/** The token that is made at the end, by flags or file. Throws KbootError `usage` before anything is done. */
function chooseToken(options: Options, config: MachineConfig | undefined) {
  const [asked] = config?.kubeadm.InitConfiguration?.bootstrapTokens ?? [];
  const token = options.token === undefined ? (asked?.token?.reveal() ?? undefined) : options.token;
  return {
    token: token === undefined ? generateBootstrapToken() : parseBootstrapToken(new Secret(token)),
    wish: readWish(
      {
        ttl: options.tokenTtl ?? asked?.ttl ?? "24h0m0s",
        usages: (asked?.usages ?? tokenUsages).join(","),
        groups: asked?.groups?.join(",") ?? bootstrapGroup,
        description: asked?.description ?? "kboot init",
      },
      new Date(),
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
  const { localAPIEndpoint, nodeRegistration } = config?.kubeadm.InitConfiguration ?? {};
  const address = options.apiserverAdvertiseAddress ?? localAPIEndpoint?.advertiseAddress ?? addressOfDefaultRoute(facts);
  if (address === undefined) {
    throw new KbootError("usage", "this machine has no default route that says by which address others reach it", {
      hint: "name the address: --apiserver-advertise-address 192.168.56.11",
    });
  }
  const base = config === undefined ? {} : baseOf(config, address);
  const nodeName = options.nodeName ?? nodeRegistration?.name ?? ownNodeName();
  const machine = { nodeName, address, kubernetesVersion: await chooseVersion(options, base) };
  const document = initDocument(options, machine, base);
  const { cluster, problems } = parseInventory(stringify(document), { file: "/etc/kubernetes/kboot.yaml", home: "/root" });
  if (cluster === undefined) throw new KbootError("usage", problems.map(describe).join("\n"), { hint: "kboot init --help" });
  return {
    ...cluster,
    ignoreChecks: ignoredChecks(
      options.ignorePreflightErrors?.split(",") ?? nodeRegistration?.ignorePreflightErrors ?? [],
      phases,
      checkNames,
    ),
  };
}

function describe({ field, message }: Problem): string {
  return `${flagOfField[field] ?? flagOfField[field.replace(/\[\d+\].*$/, "")] ?? field}: ${message}`;
}

/** As asked for by flag or file; else that of the bundle, where one is named; else the newest that this kboot knows. */
async function chooseVersion({ kubernetesVersion, source = [] }: Options, { spec = {} }: InitBase): Promise<string> {
  if (kubernetesVersion !== undefined) return versionOfLabel(kubernetesVersion) ?? kubernetesVersion;
  if (typeof spec["kubernetesVersion"] === "string") return spec["kubernetesVersion"];
  const bundles = source.map(readSource).flatMap((one) => (typeof one === "object" && "bundle" in one ? [one.bundle] : []));
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
