import { checkNames, checks } from "../checks/index.ts";
import { joinChecks } from "../checks/join.ts";
import type { Patch } from "../inventory/cluster.ts";
import { readPublished } from "../kubeadm/running-cluster.ts";
import { openApi } from "../kubernetes/api.ts";
import { askApiServer } from "../kubernetes/api-server.ts";
import { discover } from "../kubernetes/discovery/discover.ts";
import { type Discovered, discoveredAccess } from "../kubernetes/discovery/discovered.ts";
import { createReadOwnNode } from "../kubernetes/live-of-node.ts";
import { joiningHostOf, readConfig } from "../machine/config.ts";
import { joinCluster } from "../machine/join-cluster.ts";
import { type JoinFlags, readJoinWish } from "../machine/join-wish.ts";
import { addressesTowards, assertRoot, machineLogs, ownNodeName } from "../machine/machine.ts";
import { readOwnSettings } from "../machine/own-settings.ts";
import { limitWay, skipPhases } from "../machine/phases.ts";
import { checksFrom, ignoredChecks } from "../machine/preflight.ts";
import { publishedCluster } from "../machine/published.ts";
import { readPatches } from "../machine/read-patches.ts";
import { artifactSource } from "../machine/sources.ts";
import { buildBootstrapKubeconfig } from "../pki/kubeconfig.ts";
import { resourceId } from "../resources/index.ts";
import type { Secret } from "../secret.ts";
import { joiningWay } from "../steps/index.ts";
import { applyRole, fromAfar } from "./apply.ts";
import { frameRun } from "./frame.ts";
import { identify, operate } from "./operate.ts";
import { say } from "./say.ts";

interface Options extends JoinFlags {
  readonly config?: string;
  readonly source?: readonly string[];
  readonly inventory?: string;
  readonly dryRun?: boolean;
  readonly output: "text" | "json";
}

/** `kboot join [ENDPOINT]`: on a machine that is to be a worker, or with an inventory from anywhere. */
export async function join(given: Record<string, unknown>, signal: AbortSignal, [endpoint]: readonly string[]): Promise<void> {
  const options = given as unknown as Options;
  if (options.inventory !== undefined) return applyRole("worker", fromAfar(given, endpoint), signal);
  assertRoot("join");
  const config = options.config === undefined ? undefined : await readConfig(options.config);
  const registration = config === undefined ? {} : joiningHostOf(config, say);
  const settings = config === undefined ? {} : readOwnSettings(config);
  const wish = readJoinWish(options, endpoint, config);
  const phases = skipPhases("join", wish.skipPhases);
  const patches =
    wish.patchesDirectory === undefined ? undefined : [...(settings.patches ?? []), ...readWorkerPatches(wish.patchesDirectory)];
  const discovered = await discover(wish.discovery, { ...wish, signal, say });
  const access = discoveredAccess(discovered, signal);
  const api = openApi(access);
  const { own: ownAddress, api: apiAddress } = await addressesTowards(discovered.endpoint, signal);
  const nodeName = options.nodeName ?? registration.nodeName ?? ownNodeName();
  const [running, { version: apiVersion }] = await Promise.all([readPublished(api, signal), askApiServer(access, signal)]);
  const { cluster, host } = joinCluster(publishedCluster(running, { server: discovered.server, apiVersion }), {
    nodeName,
    nodeAddress: ownAddress,
    apiAddress,
    registration,
    own: patches === undefined ? settings : { ...settings, patches },
    sources: options.source?.map(artifactSource),
    ignoreChecks: ignoredChecks(
      wish.ignorePreflightErrors,
      phases,
      checkNames,
      checksFrom(options.ignorePreflightErrors, config, "JoinConfiguration"),
    ),
  });
  const openAsNode = (pem: Secret) =>
    openApi(discoveredAccess({ ...discovered, credential: { certificatePem: pem.reveal(), key: pem } }, signal));
  const isDry = options.dryRun ?? config?.kubeadm.JoinConfiguration?.dryRun ?? false;
  const identity = identify("join", isDry ? "read" : "change");
  await frameRun({ logs: machineLogs, output: options.output, identity }, signal, (emit) =>
    operate(cluster, identity, (place, step) => place === host && phases.takesStep(step), emit, signal, {
      alone: true,
      way: limitWay(joiningWay({ kubeconfig: kubeconfigOf(discovered), openAsNode }), phases, resourceId),
      checks: [...checks, ...joinChecks(host, nodeName)],
      readLive: createReadOwnNode(api, discovered.caCert, nodeName),
    }),
  );
  if (options.output === "json" || isDry) return;
  const ready = phases.takesStep("node-ready") ? " and is Ready" : "";
  process.stdout.write(`\n${nodeName} has joined the cluster${ready}. On a control plane: kubectl get nodes\n`);
}

/** Those of a worker; kubeadm has no use for the others there either. */
function readWorkerPatches(directory: string): readonly Patch[] {
  const { patches, ignored } = readPatches(directory);
  const of = (patch: Patch): boolean => patch.target === "kubeletconfiguration";
  const others = patches.filter((patch) => !of(patch)).map(({ name, target }) => `${name} is left out: ${target} does not run on a worker`);
  for (const sentence of [...ignored, ...new Set(others)]) say(sentence);
  return patches.filter(of);
}

function kubeconfigOf({ server, caCert, credential }: Discovered): Secret {
  return buildBootstrapKubeconfig({ server, caCert }, credential);
}
