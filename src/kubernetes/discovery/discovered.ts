import type { ApiAccess, ApiCredential } from "../api-request.ts";
import type { BootstrapToken } from "../bootstrap-token.ts";
import { dial, type Endpoint, endpointOf } from "../endpoint.ts";
import type { Patience } from "./look.ts";

/** What a joining node needs to know of a cluster, and has reason to believe. */
export interface Discovered {
  /** PEM of the CA certificates that cluster-info (or the file) holds. */
  readonly caCert: string;
  /** The API's URL as the cluster (or the file) names it: what belongs into kubeconfigs. This machine need not know the name. */
  readonly server: string;
  /** Where the API was reached: an API server, or a load balancer before it. What is asked before the node knows `server` is asked there. */
  readonly endpoint: Endpoint;
  /** For reading the configuration and for TLS bootstrap. */
  readonly credential: ApiCredential;
}

export interface TokenDiscovery {
  readonly kind: "token";
  /** `10.0.0.5:6443` */
  readonly endpoint: string;
  readonly token: BootstrapToken;
  /** `sha256:<hex>`: one of them must be of a CA certificate that cluster-info holds. */
  readonly caCertHashes: readonly string[];
  /** Without hashes: the token alone decides, so whoever knows it can pretend to be the cluster. */
  readonly unsafeSkipCaVerification: boolean;
}

export interface FileDiscovery {
  readonly kind: "file";
  /** Of a kubeconfig: a path on this machine, or an `https` URL. */
  readonly file: string;
}

export type Discovery = TokenDiscovery | FileDiscovery;

export interface DiscoverOptions {
  /** Takes the place of the credential that the discovery has. */
  readonly tlsBootstrapToken?: BootstrapToken | undefined;
  /** How long an API that does not answer is waited for, in all. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** Told what is waited for, once for each reason. */
  readonly say: (text: string) => void;
  readonly patience?: Partial<Patience>;
}

/** The same, once the search has begun. */
export interface TimedOptions extends DiscoverOptions {
  /** When it ends, by `performance.now()`. */
  readonly endMs: number;
}

/**
 * The way to the API of a cluster that was found: to where it was reached, whose certificate must be of the cluster's CA and bear the name
 * in `server`.
 */
export function discoveredAccess({ endpoint, server, caCert, credential }: Discovered, signal: AbortSignal): ApiAccess {
  return { connect: () => dial(endpoint, signal), serverName: endpointOf(server)?.host ?? endpoint.host, caCert, credential };
}
