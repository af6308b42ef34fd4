import { createHmac, timingSafeEqual } from "node:crypto";
import type { BootstrapToken } from "../bootstrap-token.ts";

/** The entry of cluster-info that holds the signature of a token. */
export function signatureKey(tokenId: string): string {
  return `jws-kubeconfig-${tokenId}`;
}

/**
 * Signs a text by a token: a JWS with HS256 in compact form and its payload left out (RFC 7515, appendix F), byte for byte as the
 * controller bootstrapsigner of kube-controller-manager writes it.
 */
export function signDetached({ id, secret }: BootstrapToken, text: string): string {
  const header = base64url(`{"alg":"HS256","kid":"${id}"}`);
  const signature = createHmac("sha256", secret.reveal())
    .update(`${header}.${base64url(text)}`)
    .digest("base64url");
  return `${header}..${signature}`;
}

/** True when `signature` is that of the text by the token. The time it takes tells nothing about the right one. */
export function isSignedByToken(token: BootstrapToken, text: string, signature: string): boolean {
  const [wanted, given] = [Buffer.from(signDetached(token, text)), Buffer.from(signature)];
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
