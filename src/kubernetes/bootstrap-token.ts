import { randomInt } from "node:crypto";
import type { KubernetesObject, ObjectRef } from "../engine/contracts.ts";
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

/** What a token is for: `authentication` lets its holder ask for a certificate, `signing` lets it trust cluster-info. */
export const tokenUsages = ["signing", "authentication"] as const;
export type TokenUsage = (typeof tokenUsages)[number];

export interface BootstrapTokenOptions {
  readonly description?: string | undefined;
  /** Undefined: never. */
  readonly expires: Date | undefined;
  /** Default: all. */
  readonly usages?: readonly TokenUsage[];
  /** Groups of whoever logs in with it, with `authentication` alone. Default: that of joining nodes. */
  readonly groups?: readonly string[];
}

/** A token that the cluster knows. */
export interface KnownBootstrapToken extends BootstrapToken {
  readonly description: string | undefined;
  readonly expires: Date | undefined;
  /** In alphabetical order. */
  readonly usages: readonly string[];
  readonly groups: readonly string[];
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

const secretType = "bootstrap.kubernetes.io/token";
const usagePrefix = "usage-bootstrap-";

/** Names the Secret of a token. */
export function bootstrapTokenRef(id: string): ObjectRef {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" } };
}

/** The Secret that makes a token known to the API. It holds the token in plain: for the wire only. */
export function bootstrapTokenSecret(
  token: BootstrapToken,
  { description, expires, usages = tokenUsages, groups = [bootstrapGroup] }: BootstrapTokenOptions,
): KubernetesObject {
  const data = {
    ...(usages.includes("authentication") && groups.length > 0 ? { "auth-extra-groups": groups.join(",") } : {}),
    ...(description === undefined ? {} : { description }),
    // RFC 3339 without fractions, as the controllers write it
    ...(expires === undefined ? {} : { expiration: expires.toISOString().replace(/\.\d+Z$/, "Z") }),
    "token-id": token.id,
    "token-secret": token.secret.reveal(),
    ...Object.fromEntries(usages.map((usage) => [`${usagePrefix}${usage}`, "true"])),
  };
  return {
    ...bootstrapTokenRef(token.id),
    type: secretType,
    data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString("base64")])),
  };
}

/** Reads the Secret of a token; undefined for any other. */
export function readBootstrapToken(object: KubernetesObject): KnownBootstrapToken | undefined {
  if (object["type"] !== secretType) return undefined;
  const data = (object["data"] ?? {}) as Readonly<Record<string, string>>;
  const read = (name: string) => (data[name] === undefined ? undefined : Buffer.from(data[name], "base64").toString("utf8"));
  const [id, secret, expiration] = [read("token-id"), read("token-secret"), read("expiration")];
  if (id === undefined || secret === undefined) return undefined;
  return {
    id,
    secret: new Secret(secret),
    description: read("description") || undefined,
    expires: expiration === undefined ? undefined : new Date(expiration),
    usages: Object.keys(data)
      .filter((name) => name.startsWith(usagePrefix) && read(name) === "true")
      .map((name) => name.slice(usagePrefix.length))
      .sort(),
    groups: read("auth-extra-groups")?.split(",") ?? [],
  };
}
