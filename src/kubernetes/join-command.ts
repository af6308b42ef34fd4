import { quote } from "../host/quote.ts";
import { publicKeyPin, splitCertificates } from "../pki/read.ts";
import { Secret } from "../secret.ts";
import { type BootstrapToken, bootstrapTokenText } from "./bootstrap-token.ts";
import { parseEndpoint, showEndpoint } from "./endpoint.ts";

export interface JoinTarget {
  /** `api.lab.internal:6443` */
  readonly endpoint: string;
  /** PEM; each certificate is pinned. */
  readonly caCert: string;
  /** Where only kboot's own hosts know the endpoint's name: the name, and an address for it. */
  readonly hostsEntry?: { readonly name: string; readonly address: string } | undefined;
}

/**
 * The line that makes a machine a worker, for any POSIX shell and fish. It holds the token. kubeadm has to know the endpoint's name; kboot
 * is given the address, and learns the name from the cluster.
 */
export function joinCommand(program: "kubeadm" | "kboot", token: BootstrapToken, { endpoint, caCert, hostsEntry }: JoinTarget): Secret {
  const pins = splitCertificates(caCert).map((pem) => `--discovery-token-ca-cert-hash ${publicKeyPin(pem)}`);
  const join = (to: string) => [program, "join", to, "--token", bootstrapTokenText(token).reveal(), ...pins].join(" ");
  if (hostsEntry === undefined) return new Secret(join(endpoint));
  const { name, address } = hostsEntry;
  if (program === "kboot") return new Secret(join(showEndpoint({ ...parseEndpoint(endpoint), host: address })));
  return new Secret(`grep -qwF ${quote(name)} /etc/hosts || echo ${quote(`${address} ${name}`)} >> /etc/hosts; ${join(endpoint)}`);
}
