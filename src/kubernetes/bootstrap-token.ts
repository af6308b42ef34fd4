import { randomInt } from "node:crypto";
import type { KubernetesObject } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { bootstrapGroup } from "./bootstrap-rbac.ts";

/** A token by which nodes join (kubernetes.io, authenticating with bootstrap tokens). */
export interface BootstrapToken {
  /** Public: six of a-z and 0-9. */
  readonly id: string;
  /** Sixteen of a-z and 0-9. */
  readonly secret: Secret;
}

export interface BootstrapTokenOptions {
  readonly description?: string;
  /** Undefined: never. */
  readonly expires: Date | undefined;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A new token. */
export function generateBootstrapToken(): BootstrapToken {
  const pick = (count: number) => Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join("");
  return { id: pick(6), secret: new Secret(pick(16)) };
}

/** Reads `abcdef.0123456789abcdef`. Throws KbootError `usage`, without the text, for anything else. */
export function parseBootstrapToken(text: Secret): BootstrapToken {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text.reveal()) ?? [];
  if (id === undefined || secret === undefined) {
    throw new KbootError("usage", "the bootstrap token is malformed", {
      hint: "a token has six characters, a dot and sixteen characters, all of them a-z or 0-9",
    });
  }
  return { id, secret: new Secret(secret) };
}

/** The token as it is given to a command or a kubeconfig. */
export function bootstrapTokenText(token: BootstrapToken): Secret {
  return new Secret(`${token.id}.${token.secret.reveal()}`);
}

/** The Secret that makes a token known to the API. It holds the token in plain: for the wire only. */
export function bootstrapTokenSecret(token: BootstrapToken, { description, expires }: BootstrapTokenOptions): KubernetesObject {
  const data = {
    "auth-extra-groups": bootstrapGroup,
    ...(description === undefined ? {} : { description }),
    // RFC 3339 without fractions, as the controllers write it
    ...(expires === undefined ? {} : { expiration: expires.toISOString().replace(/\.\d+Z$/, "Z") }),
    "token-id": token.id,
    "token-secret": token.secret.reveal(),
    "usage-bootstrap-authentication": "true",
    "usage-bootstrap-signing": "true",
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${token.id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString("base64")])),
  };
}
