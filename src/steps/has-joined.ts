import type { Site } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { judgeKubeletCertificate, kubeletWish } from "../pki/judge.ts";
import { controlPlanes, specOf } from "./where.ts";

/**
 * True for a host whose kubelet has a certificate that the cluster takes: of its CA, for this node, valid now. Where neither the API nor a control
 * plane was reached, nobody can tell, and it is believed. Pure.
 */
export function hasJoined(site: Site<Live>, host: string): boolean {
  return site.facts.get(host)?.kubernetes.kubeletCertificate !== undefined && whatIsWrong(site, host).length === 0;
}

/** How the kubelet's certificate falls short: `signer signed by another CA (other)`. Empty where there is none. Pure. */
export function whatIsWrong(site: Site<Live>, host: string): readonly string[] {
  const found = site.facts.get(host)?.kubernetes.kubeletCertificate;
  const caCert = caOf(site);
  if (found === undefined || caCert === undefined) return [];
  const wish = kubeletWish(specOf(site.cluster, host).nodeName);
  return judgeKubeletCertificate(wish, found, undefined, caCert, site.now).map(({ what, from }) => `${what} ${from}`);
}

/** A machine that joins by itself reaches no control plane, and knows the CA by which it found the API. */
function caOf({ cluster, facts, live }: Site<Live>): string | undefined {
  return (
    controlPlanes(cluster)
      .map((name) => facts.get(name)?.kubernetes.caCert)
      .find((pem) => pem !== undefined) ?? live?.caCert
  );
}
