import { KbootError } from "../errors.ts";
import { type BootstrapToken, parseBootstrapToken } from "../kubernetes/bootstrap-token.ts";
import type { Discovery } from "../kubernetes/discovery/discovered.ts";
import { parseDuration } from "../kubernetes/duration.ts";
import type { JoinConfiguration } from "../kubernetes/kubeadm-documents/v1beta4.ts";
import { Secret } from "../secret.ts";
import type { MachineConfig } from "./config.ts";
import { assertContainerd } from "./cri-socket.ts";

/** What `kboot join` is asked for by flags; names are those of the flags. */
export interface JoinFlags {
  readonly criSocket?: string;
  readonly token?: string;
  readonly discoveryToken?: string;
  readonly tlsBootstrapToken?: string;
  readonly discoveryTokenCaCertHash?: readonly string[];
  readonly discoveryTokenUnsafeSkipCaVerification?: boolean;
  readonly discoveryFile?: string;
  readonly nodeName?: string;
  readonly ignorePreflightErrors?: string;
  readonly skipPhases?: string;
  readonly patches?: string;
}

/** How a machine joins. */
export interface JoinWish {
  readonly discovery: Discovery;
  readonly tlsBootstrapToken: BootstrapToken | undefined;
  /** For an API that does not answer. */
  readonly timeoutSeconds: number;
  readonly ignorePreflightErrors: readonly string[];
  readonly skipPhases: readonly string[];
  /** A folder of kubeadm's patches. */
  readonly patchesDirectory: string | undefined;
}

const usualTimeoutSeconds = 60;

/**
 * Flags over what a file says. Throws KbootError `usage` where it is not said how the cluster is found, and for a flag that asks for
 * another runtime than containerd.
 */
export function readJoinWish(flags: JoinFlags, endpoint: string | undefined, config: MachineConfig | undefined): JoinWish {
  const asked: Partial<JoinConfiguration> = config?.kubeadm.JoinConfiguration ?? {};
  const { nodeRegistration = {}, discovery = {}, timeouts } = asked;
  assertContainerd("--cri-socket", flags.criSocket);
  const bootstrap = discovery.bootstrapToken?.token?.reveal();
  return {
    discovery: readDiscovery(flags, endpoint, discovery),
    tlsBootstrapToken: readToken(flags.tlsBootstrapToken ?? flags.token ?? discovery.tlsBootstrapToken?.reveal() ?? bootstrap),
    timeoutSeconds: timeouts?.discovery === undefined ? usualTimeoutSeconds : parseDuration(timeouts.discovery) / 1000,
    ignorePreflightErrors: flags.ignorePreflightErrors?.split(",") ?? nodeRegistration.ignorePreflightErrors ?? [],
    skipPhases: flags.skipPhases?.split(",") ?? asked.skipPhases ?? [],
    patchesDirectory: flags.patches ?? asked.patches?.directory,
  };
}

function readDiscovery(flags: JoinFlags, endpoint: string | undefined, asked: NonNullable<JoinConfiguration["discovery"]>): Discovery {
  const { bootstrapToken } = asked;
  const file = flags.discoveryFile ?? (endpoint === undefined && bootstrapToken === undefined ? asked.file?.kubeConfigPath : undefined);
  if (file !== undefined) {
    if (endpoint !== undefined || flags.discoveryToken !== undefined) {
      throw new KbootError("usage", "a discovery file names the API by itself", { hint: "leave out the endpoint and --discovery-token" });
    }
    return { kind: "file", file };
  }
  const at = endpoint ?? bootstrapToken?.apiServerEndpoint;
  const token = readToken(flags.discoveryToken ?? flags.token ?? bootstrapToken?.token?.reveal() ?? asked.tlsBootstrapToken?.reveal());
  if (at === undefined || token === undefined) {
    throw new KbootError("usage", "a cluster is found by its API's endpoint and a token, or by --discovery-file", {
      hint: "on a control plane, `kboot token create --print-join-command` prints the whole line",
    });
  }
  return {
    kind: "token",
    endpoint: at,
    token,
    caCertHashes: flags.discoveryTokenCaCertHash ?? bootstrapToken?.caCertHashes ?? [],
    unsafeSkipCaVerification: flags.discoveryTokenUnsafeSkipCaVerification ?? bootstrapToken?.unsafeSkipCAVerification ?? false,
  };
}

function readToken(text: string | undefined): BootstrapToken | undefined {
  return text === undefined ? undefined : parseBootstrapToken(new Secret(text));
}
