import { KbootError } from "../../errors.ts";
import { anyCertificate } from "../api-request.ts";
import { type BootstrapToken, bootstrapTokenText } from "../bootstrap-token.ts";
import { dial, parseEndpoint, showEndpoint } from "../endpoint.ts";
import { awaitClusterInfo } from "./await-cluster-info.ts";
import type { Discovered, TimedOptions, TokenDiscovery } from "./discovered.ts";
import { isSignedByToken, signatureKey } from "./jws.ts";
import type { ClusterInfo, Look, Patience } from "./look.ts";
import { parsePins, sortByPin } from "./pins.ts";
import { needPublished, type Published, readPublished } from "./published.ts";

const freshLine = "print a fresh line on a control plane: kboot token create --print-join-command";

/**
 * Finds a cluster by its endpoint, a token and the hash of its CA. What an API says that nobody has vouched for is believed once the token
 * has signed it, the CA in it is the expected one, and a server with a certificate of that very CA says the same, byte for byte.
 */
export async function discoverByToken(discovery: TokenDiscovery, options: TimedOptions): Promise<Discovered> {
  const { token, caCertHashes, unsafeSkipCaVerification } = discovery;
  const endpoint = parseEndpoint(discovery.endpoint);
  const address = showEndpoint(endpoint);
  const pins = parsePins(caCertHashes);
  if (pins.size === 0 && !unsafeSkipCaVerification) {
    throw new KbootError("usage", "the hash of the cluster's CA certificate is missing, by which the cluster is known", {
      hint: `${freshLine}; or --discovery-token-unsafe-skip-ca-verification, if nobody else can know the token`,
    });
  }
  const reach = { connect: () => dial(endpoint, options.signal), credential: undefined };
  const claimed = await awaitClusterInfo({ ...reach, serverName: endpoint.host, caCert: anyCertificate }, endpoint, {
    ...options,
    judge: (found, patience) => needSignature(found, token.id, address, patience),
  });
  assertSigned(claimed, token, pins, address);
  const published = needPublished(claimed.kubeconfig, address);
  // other certificates of the bundle are trusted once a server of a pinned one has shown them: whoever knows the token can add some
  const caCert = pins.size === 0 ? published.caCert : needPinned(published, pins, address);
  const proven = await awaitClusterInfo({ ...reach, serverName: published.named.host, caCert }, endpoint, options);
  if (proven.kubeconfig !== claimed.kubeconfig) {
    throw new KbootError("discovery-untrusted", `the API at ${address} gave another cluster-info when it was asked once more`, {
      hint: "it was just changed, a load balancer leads to two clusters, or somebody is in between: run the same command again",
    });
  }
  const credential = { token: bootstrapTokenText(options.tlsBootstrapToken ?? token) };
  return { caCert: published.caCert, server: published.server, endpoint, credential };
}

function needSignature(found: ClusterInfo, id: string, address: string, { unsignedMs }: Patience): Look {
  if (typeof found.entries[signatureKey(id)] === "string") return { found };
  const problem = new KbootError("token-expired", `the cluster at ${address} does not know the token ${id}, or no longer`, {
    hint: `it may have expired, or be of another cluster: ${freshLine}`,
  });
  return { problem, patienceMs: unsignedMs };
}

function assertSigned({ kubeconfig, entries }: ClusterInfo, token: BootstrapToken, pins: ReadonlySet<string>, address: string): void {
  if (isSignedByToken(token, kubeconfig, String(entries[signatureKey(token.id)]))) return;
  const published = readPublished(kubeconfig);
  const isExpectedCa = published !== undefined && sortByPin(published.caCert, pins).pinned !== "";
  const which = pins.size === 0 ? "" : isExpectedCa ? "; its CA is the expected one" : "; its CA is not the expected one either";
  throw new KbootError(
    "discovery-untrusted",
    `what the API at ${address} says of its cluster is not signed by the token ${token.id}${which}`,
    {
      hint: isExpectedCa
        ? `the second half of the token is wrong, or somebody has changed cluster-info: ${freshLine}`
        : `the second half of the token is wrong, or ${address} is not the cluster that is meant: ${freshLine}`,
    },
  );
}

function needPinned({ caCert }: Published, pins: ReadonlySet<string>, address: string): string {
  const { pinned, presented } = sortByPin(caCert, pins);
  if (pinned !== "") return pinned;
  throw new KbootError(
    "discovery-untrusted",
    `the CA of the cluster at ${address} is not the expected one: it has ${presented.join(", ")}`,
    {
      hint: `is ${address} the cluster that is meant, and the hash that of its CA? ${freshLine}`,
    },
  );
}
