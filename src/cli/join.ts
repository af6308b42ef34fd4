import { checkNames, checks } from "../checks/index.ts";
import { joinChecks } from "../checks/join.ts";
import { KbootError } from "../errors.ts";
import { openApi } from "../kubernetes/api.ts";
import { parseBootstrapToken } from "../kubernetes/bootstrap-token.ts";
import { discover } from "../kubernetes/discovery/discover.ts";
import { type Discovered, type Discovery, discoveredAccess } from "../kubernetes/discovery/discovered.ts";
import { createReadOwnNode } from "../kubernetes/live-of-node.ts";
import { readPublished } from "../kubeadm/running-cluster.ts";
import { joinCluster } from "../machine/join-cluster.ts";
import { addressesTowards, assertRoot, machineLogs, ownNodeName } from "../machine/machine.ts";
import { limitWay, skipPhases } from "../machine/phases.ts";
import { ignoredChecks } from "../machine/preflight.ts";
import { publishedCluster } from "../machine/published.ts";
import { artifactSource } from "../machine/sources.ts";
import { buildBootstrapKubeconfig } from "../pki/kubeconfig.ts";
import { resourceId } from "../resources/index.ts";
import { Secret } from "../secret.ts";
import { isOwnStep, joiningWay } from "../steps/index.ts";
import { applyRole } from "./apply.ts";
import { frameRun } from "./frame.ts";
import { identify, operate } from "./operate.ts";

interface Options {
  readonly token?: string;
  readonly discoveryToken?: string;
  readonly tlsBootstrapToken?: string;
  readonly discoveryTokenCaCertHash?: readonly string[];
  readonly discoveryTokenUnsafeSkipCaVerification?: boolean;
  readonly discoveryFile?: string;
  readonly nodeName?: string;
  readonly ignorePreflightErrors?: string;
  readonly skipPhases?: string;
  readonly source?: readonly string[];
  readonly inventory?: string;
  readonly dryRun?: boolean;
  readonly output: "text" | "json";
}

/** For an API that does not answer. */
const discoverySeconds = 60;

/** `kboot join [ENDPOINT]`: on a machine that is to be a worker, or with an inventory from anywhere. */
export async function join(given: Record<string, unknown>, signal: AbortSignal, [endpoint]: readonly string[]): Promise<void> {
  const options = given as unknown as Options;
  if (options.inventory !== undefined) return applyRole("worker", { ...options, file: options.inventory }, signal);
  assertRoot("join");
  const phases = skipPhases("join", options.skipPhases?.split(",") ?? []);
  const discovered = await discover(readDiscovery(options, endpoint), {
    tlsBootstrapToken: readToken(options.tlsBootstrapToken ?? options.token),
    timeoutSeconds: discoverySeconds,
    signal,
    say: (text) => process.stderr.write(`${text}\n`),
  });
  const api = openApi(discoveredAccess(discovered, signal));
  const { own, api: apiAddress } = await addressesTowards(discovered.endpoint, signal);
  const { cluster, host } = joinCluster(publishedCluster(await readPublished(api, signal), discovered.server), {
    nodeName: options.nodeName ?? ownNodeName(),
    nodeAddress: own,
    apiAddress,
    sources: options.source?.map(artifactSource),
    ignoreChecks: ignoredChecks(options.ignorePreflightErrors?.split(",") ?? [], phases, checkNames),
  });
  const nodeName = options.nodeName ?? ownNodeName();
  const identity = identify("join", options.dryRun ? "read" : "change");
  await frameRun({ logs: machineLogs, output: options.output, identity }, signal, (emit) =>
    operate(cluster, identity, (place, step) => place === host && isOwnStep(step) && phases.takesStep(step), emit, signal, {
      alone: true,
      way: limitWay(joiningWay(kubeconfigOf(discovered)), phases, resourceId),
      checks: [...checks, ...joinChecks(host, nodeName)],
      readLive: createReadOwnNode(api, discovered.caCert, nodeName),
    }),
  );
  if (options.output === "text" && !options.dryRun)
    process.stdout.write(`\n${nodeName} has joined the cluster and is Ready. On a control plane: kubectl get nodes\n`);
}

function kubeconfigOf({ server, caCert, credential }: Discovered): Secret {
  return buildBootstrapKubeconfig({ server, caCert }, credential);
}

/** Throws KbootError `usage` where it is not said how the cluster is found. */
function readDiscovery(options: Options, endpoint: string | undefined): Discovery {
  if (options.discoveryFile !== undefined) {
    if (endpoint !== undefined || options.discoveryToken !== undefined) {
      throw new KbootError("usage", "a discovery file names the API by itself", { hint: "leave out the endpoint and --discovery-token" });
    }
    return { kind: "file", file: options.discoveryFile };
  }
  const token = readToken(options.discoveryToken ?? options.token);
  if (endpoint === undefined || token === undefined) {
    throw new KbootError("usage", "a cluster is found by its API's endpoint and a token, or by --discovery-file", {
      hint: "on a control plane, `kboot token create --print-join-command` prints the whole line",
    });
  }
  return {
    kind: "token",
    endpoint,
    token,
    caCertHashes: options.discoveryTokenCaCertHash ?? [],
    unsafeSkipCaVerification: options.discoveryTokenUnsafeSkipCaVerification ?? false,
  };
}

function readToken(text: string | undefined) {
  return text === undefined ? undefined : parseBootstrapToken(new Secret(text));
}
