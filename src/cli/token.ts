import { parse } from "yaml";
import type { Api } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import { controlPlaneKey } from "../inventory/marks.ts";
import { bootstrapGroup } from "../kubernetes/bootstrap-rbac.ts";
import {
  type BootstrapToken,
  type BootstrapTokenOptions,
  bootstrapTokenRef,
  bootstrapTokenSecret,
  bootstrapTokenText,
  generateBootstrapToken,
  parseBootstrapToken,
  readBootstrapToken,
  type TokenUsage,
  tokenUsages,
} from "../kubernetes/bootstrap-token.ts";
import { parseDuration } from "../kubernetes/duration.ts";
import { type JoinTarget, joinCommand } from "../kubernetes/join-command.ts";
import { type KbootConfigData, readKbootConfig } from "../kubernetes/kboot-config.ts";
import { readNode } from "../kubernetes/live.ts";
import { printTokens, type TokenForm } from "../kubernetes/print-tokens.ts";
import { Secret } from "../secret.ts";
import { type ApiOptions, withApi } from "./open-api.ts";

interface CreateOptions extends ApiOptions {
  readonly ttl: string;
  readonly usages: string;
  readonly groups: string;
  readonly description?: string;
  readonly printJoinCommand?: boolean;
  /** Whose line is printed. */
  readonly for?: "kboot" | "kubeadm";
}

/** `kboot token create [TOKEN]` */
export async function createToken(given: Record<string, unknown>, signal: AbortSignal, [text]: readonly string[] = []): Promise<void> {
  const options = given as unknown as CreateOptions;
  const token = text === undefined ? generateBootstrapToken() : parseBootstrapToken(new Secret(text));
  const wish = readWish(options, new Date());
  await withApi(options, "token create", signal, async (api) => {
    const target = options.printJoinCommand || options.for !== undefined ? await readJoinTarget(api, signal) : undefined;
    if ((await api.get(bootstrapTokenRef(token.id), signal)) !== undefined) {
      throw new KbootError("conflict", `there is a token with the id ${token.id} already`, { hint: `kboot token delete ${token.id}` });
    }
    await putToken(api, token, wish, signal);
    const line = target === undefined ? bootstrapTokenText(token) : joinCommand(options.for ?? "kboot", token, target);
    process.stdout.write(`${line.reveal()}\n`);
  });
}

/** Stores a token under its id, in place of an older one of the same id. */
export async function putToken(api: Api, token: BootstrapToken, options: BootstrapTokenOptions, signal: AbortSignal): Promise<void> {
  await api.apply(bootstrapTokenSecret(token, options), { manager: "kboot" }, signal);
}

/** `kboot token list` */
export async function listTokens(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const { output, ...options } = given as unknown as ApiOptions & { readonly output: TokenForm };
  await withApi(options, "token list", signal, async (api) => {
    const secrets = await api.list("v1", "Secret", { namespace: "kube-system" }, signal);
    const tokens = secrets.flatMap((secret) => readBootstrapToken(secret) ?? []);
    process.stdout.write(printTokens(tokens, output, new Date()).reveal());
  });
}

/** `kboot token delete ID...` takes ids and whole tokens. */
export async function deleteTokens(given: Record<string, unknown>, signal: AbortSignal, names: readonly string[] = []): Promise<void> {
  const ids = names.map(readId);
  await withApi(given as ApiOptions, "token delete", signal, async (api) => {
    for (const id of ids) {
      if ((await api.get(bootstrapTokenRef(id), signal)) === undefined) {
        throw new KbootError("usage", `there is no token with the id ${id}`, { hint: "kboot token list" });
      }
      await api.delete(bootstrapTokenRef(id), signal);
      process.stdout.write(`bootstrap token "${id}" deleted\n`);
    }
  });
}

/** `kboot token generate` makes one up and stores it nowhere. */
export async function generateToken(): Promise<void> {
  process.stdout.write(`${bootstrapTokenText(generateBootstrapToken()).reveal()}\n`);
}

/** Where each option has its value from, for errors. */
type Origins = Readonly<Record<"ttl" | "usages" | "groups", string>>;
const flags: Origins = { ttl: "--ttl", usages: "--usages", groups: "--groups" };

/** What the options ask for, judged as kubeadm judges it. Throws KbootError `usage`. */
export function readWish(
  options: Pick<CreateOptions, "ttl" | "usages" | "groups" | "description">,
  now: Date,
  origins = flags,
): Required<BootstrapTokenOptions> {
  const usages = split(options.usages);
  const unknown = usages.filter((usage) => !(tokenUsages as readonly string[]).includes(usage));
  if (unknown.length > 0 || usages.length === 0) {
    throw new KbootError("usage", `${origins.usages}: ${unknown.join(", ") || "nothing"} is no use of a token`, {
      hint: `uses are ${tokenUsages.join(", ")}`,
    });
  }
  const groups = usages.includes("authentication") ? split(options.groups) : [];
  const bad = groups.find((group) => !/^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(group));
  if (bad !== undefined) {
    throw new KbootError("usage", `${origins.groups}: ${bad} is no group of bootstrap tokens`, {
      hint: `groups are such as ${bootstrapGroup}`,
    });
  }
  const ttlMs = parseDuration(options.ttl, origins.ttl);
  if (ttlMs < 0)
    throw new KbootError("usage", `${origins.ttl}: ${options.ttl} is less than nothing`, { hint: "0 is for a token that never expires" });
  return {
    description: options.description,
    expires: ttlMs === 0 ? undefined : new Date(now.getTime() + ttlMs),
    usages: usages as TokenUsage[],
    groups,
  };
}

function split(text: string): readonly string[] {
  return text.split(",").filter((word) => word !== "");
}

function readId(name: string): string {
  if (/^[a-z0-9]{6}$/.test(name)) return name;
  return parseBootstrapToken(new Secret(name)).id;
}

/** Endpoint and CA as the cluster publishes them; the endpoint's name with a control plane's address, where kboot's own hosts alone know it. */
export async function readJoinTarget(api: Api, signal: AbortSignal): Promise<JoinTarget> {
  const [info, config, nodes] = await Promise.all([
    api.get({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cluster-info", namespace: "kube-public" } }, signal),
    api.get({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kboot-config", namespace: "kube-system" } }, signal),
    api.list("v1", "Node", { labelSelector: controlPlaneKey }, signal),
  ]);
  const published = parse(dataOf(info, "kubeconfig")) as PublishedInfo | null;
  const { server, "certificate-authority-data": ca } = published?.clusters?.[0]?.cluster ?? {};
  if (server === undefined || ca === undefined) {
    throw new KbootError(
      "conflict",
      "the cluster does not publish its endpoint and CA: the ConfigMap cluster-info in kube-public is missing or unreadable",
      {
        hint: "kboot apply writes it anew",
      },
    );
  }
  const { hostname, host } = new URL(server);
  const endpoint = readKbootConfig((config?.["data"] ?? {}) as KbootConfigData)?.endpoint;
  const address = nodes.map((node) => readNode(node).internalAddress).find((found) => found !== undefined);
  const isManaged = endpoint?.managed === true && endpoint.host === hostname;
  return {
    endpoint: host,
    caCert: Buffer.from(ca, "base64").toString("utf8"),
    hostsEntry: isManaged && address !== undefined ? { name: hostname, address } : undefined,
  };
}

interface PublishedInfo {
  readonly clusters?: readonly { readonly cluster?: { readonly server?: string; readonly "certificate-authority-data"?: string } }[];
}

function dataOf(object: Awaited<ReturnType<Api["get"]>>, name: string): string {
  return (object?.["data"] as Readonly<Record<string, string>> | undefined)?.[name] ?? "";
}
