import { stringify } from "yaml";
import { bundledVersions } from "../artifacts/bundled-versions.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { parseInventory } from "../inventory/parse.ts";
import type { Problem } from "../inventory/problem.ts";
import { readInitConfig } from "../kubeadm/init-config.ts";
import { flagOfField, type InitBase, type InitFlags, initDocument } from "../kubeadm/init-document.ts";
import { printInitMessage } from "../kubeadm/init-message.ts";
import { addressOfDefaultRoute, assertRoot, machineLogs, ownNodeName, readOwnFacts } from "../kubeadm/machine.ts";
import { limitWay, onlyPhase, type Phases, skipPhases } from "../kubeadm/phases.ts";
import { ignoredChecks } from "../kubeadm/preflight.ts";
import { readSource } from "../kubeadm/sources.ts";
import { bootstrapGroup } from "../kubernetes/bootstrap-rbac.ts";
import { bootstrapTokenText, generateBootstrapToken, parseBootstrapToken, tokenUsages } from "../kubernetes/bootstrap-token.ts";
import { joinCommand } from "../kubernetes/join-command.ts";
import { supportedMinors, versionOfLabel } from "../kubernetes/versions.ts";
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
  readonly tokenTtl: string;
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
  await run("init", options, skipPhases("init", options.skipPhases?.split(",") ?? []), signal);
}

/** `kboot init phase NAME [SUB]` */
export async function initPhase(given: Record<string, unknown>, signal: AbortSignal, words: readonly string[]): Promise<void> {
  await run("init phase", given as unknown as Options, onlyPhase("init", words.join("/")), signal);
}

async function run(command: string, options: Options, phases: Phases, signal: AbortSignal): Promise<void> {
  assertRoot(command);
  // judged before anything is done
  const token = options.token === undefined ? generateBootstrapToken() : parseBootstrapToken(new Secret(options.token));
  const wish = readWish({ ttl: options.tokenTtl, usages: tokenUsages.join(","), groups: bootstrapGroup }, new Date());
  const identity = identify(command, options.dryRun ? "read" : "change");
  const cluster = await clusterOfMachine(options, phases, identify(command, "read"), signal);
  await frameRun({ logs: machineLogs, output: options.output, identity }, signal, (emit) =>
    operate(cluster, identity, (_place, step) => phases.takesStep(step), emit, signal, {
      way: limitWay(bootstrapWay, phases, resourceId),
    }),
  );
  if (options.dryRun || !(phases.token || phases.message)) return;
  await withApi({ kubeconfig: adminConfig }, command, signal, async (api) => {
    if (phases.token) await putToken(api, token, { ...wish, description: "kboot init" }, signal);
    if (!phases.message || options.output === "json") return;
    const target = await readJoinTarget(api, signal);
    const line = phases.token ? joinCommand("kboot", token, target) : undefined;
    const join = options.skipTokenPrint ? line?.reveal().replace(bootstrapTokenText(token).reveal(), "<value withheld>") : line?.reveal();
    process.stdout.write(printInitMessage({ join, needsNetwork: cluster.network.plugin === "none" }));
  });
}

/** The cluster that the flags ask for, with this machine as its control plane. Throws KbootError `usage` that names the flags that are wrong. */
async function clusterOfMachine(options: Options, phases: Phases, run: RunIdentity, signal: AbortSignal): Promise<Cluster> {
  const base = options.config === undefined ? {} : await readInitConfig(options.config);
  const facts = await readOwnFacts(run, signal);
  const address = options.apiserverAdvertiseAddress ?? addressOfDefaultRoute(facts);
  if (address === undefined) {
    throw new KbootError("usage", "this machine has no default route that says by which address others reach it", {
      hint: "name the address: --apiserver-advertise-address 192.168.56.11",
    });
  }
  const machine = { nodeName: options.nodeName ?? ownNodeName(), address, kubernetesVersion: await chooseVersion(options, base) };
  const document = initDocument(options, machine, base);
  const { cluster, problems } = parseInventory(stringify(document), { file: "/etc/kubernetes/kboot.yaml", home: "/root" });
  if (cluster === undefined) throw new KbootError("usage", problems.map(describe).join("\n"), { hint: "kboot init --help" });
  return { ...cluster, ignoreChecks: ignoredChecks(options.ignorePreflightErrors?.split(",") ?? [], phases) };
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
