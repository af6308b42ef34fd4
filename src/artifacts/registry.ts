import { z } from "zod";
import { KbootError } from "../errors.ts";
import { sha256Of } from "./blob.ts";
import { type Get, get, getSmall, readSmall, refused } from "./http.ts";
import { acceptedTypes, listBlobs, pickManifest, readManifest } from "./oci.ts";
import type { FoundImage, Source } from "./source.ts";
import type { Store } from "./store.ts";

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** The name of an image in its parts: `registry.k8s.io`, `coredns/coredns`, `v1.14.2`. */
export function parseImageName(name: string): { readonly registry: string; readonly repository: string; readonly tag: string } {
  const [, registry, repository, tag] = /^([^/]+)\/(.+):([^:/]+)$/.exec(name) ?? [];
  if (registry === undefined || repository === undefined || tag === undefined) throw new Error(`${name} is not a full image name`);
  return { registry, repository, tag };
}

/**
 * A GET as registries want it: where one asks for a token, which public ones give to anybody, that is fetched and kept.
 * One for each repository, since tokens hold for one.
 */
export function registryGet(): Get {
  let token: Promise<string> | undefined;
  return async (url, options) => {
    const ask = async () =>
      get(url, { ...options, headers: { ...options.headers, ...(token && { authorization: `Bearer ${await token}` }) } });
    const response = await ask();
    const challenge = response.headers.get("www-authenticate");
    if (response.status !== 401 || challenge === null || !/^bearer /i.test(challenge)) return response;
    await response.body?.cancel();
    const own = fetchToken(challenge, url, options.signal);
    // what failed is asked for again by who comes next
    own.catch(() => {
      if (token === own) token = undefined;
    });
    token = own;
    return ask();
  };
}

/** Realm, service and scope stand in the challenge (distribution's token specification). */
async function fetchToken(challenge: string, url: string, signal: AbortSignal): Promise<string> {
  const fields = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  const { realm, service, scope } = fields;
  const where = realm !== undefined && URL.canParse(realm) ? new URL(realm) : undefined;
  if (where === undefined) throw refused(url, 401);
  if (service !== undefined) where.searchParams.set("service", service);
  if (scope !== undefined) where.searchParams.set("scope", scope);
  const response = await get(where.href, { signal });
  const text = (await readSmall(where.href, response, signal)).toString("utf8");
  const found = response.status === 200 ? readToken(text) : {};
  const token = found.token ?? found.access_token;
  if (token !== undefined) return token;
  throw new KbootError("artifact", `${where.origin} gives no token for ${scope ?? url}: status ${response.status}`, {
    hint: "kboot asks registries without a name and password; a registry that wants them needs a mirror before it",
  });
}

/** Nothing where the answer is none, as from a page to log in at. */
function readToken(text: string): z.output<typeof tokenAnswer> {
  try {
    return tokenAnswer.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** A repository of a registry, whose API lies at `api` (`https://registry.k8s.io/v2`). */
export interface Repository {
  readonly api: string;
  /** `coredns/coredns`. */
  readonly path: string;
}

/**
 * The manifest of a tag for an architecture, checked by its digest where a list names it. Undefined where there is no such tag.
 * Throws KbootError `artifact`.
 */
export async function fetchManifest(
  { api, path }: Repository,
  tag: string,
  architecture: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const own = registryGet();
  const read = async (reference: string): Promise<Buffer | undefined> => {
    const url = `${api}/${path}/manifests/${reference}`;
    const bytes = await getSmall(url, { signal, headers: { accept: acceptedTypes } }, own);
    if (bytes === undefined) return undefined;
    if (reference.startsWith("sha256:") && `sha256:${sha256Of(bytes)}` !== reference) {
      throw new KbootError("artifact", `${url} is damaged: its sha256 is ${sha256Of(bytes)}`, { hint: "see whether a proxy changes it" });
    }
    return bytes;
  };
  const first = await read(tag);
  const picked = first && pickManifest(first, architecture, `${api}/${path}:${tag}`);
  return picked === undefined ? first : read(picked);
}

/** An image by its manifest; its blobs come from the repository. */
export function imageOf(name: string, architecture: string, { api, path }: Repository, bytes: Buffer): FoundImage {
  const own = registryGet();
  const manifest = readManifest(bytes, `${api}/${path}`);
  const digest = `sha256:${sha256Of(bytes)}`;
  const blobs = listBlobs(digest, bytes.length, manifest, (blob) => ({ url: `${api}/${path}/blobs/${blob}`, get: own }));
  // a manifest is no blob of the repository: the store has it
  return { name, architecture, digest, mediaType: manifest.mediaType, blobs, remote: { probe: `${api}/` } };
}

/** A registry that holds upstream's repositories below a prefix: `host:5000`, `host:5000/kubernetes`. */
export function registrySource(address: string, insecure: boolean, store: Store): Source {
  const [host = "", ...prefix] = address.split("/");
  const api = `${insecure ? "http" : "https"}://${host}/v2`;
  return {
    label: `registry ${address}`,
    probes: [`${api}/`],
    file: async () => undefined,
    async image(name, architecture, signal): Promise<FoundImage | undefined> {
      const { repository, tag } = parseImageName(name);
      const from = { api, path: [...prefix, repository].join("/") };
      const bytes = await fetchManifest(from, tag, architecture, signal);
      if (bytes === undefined) return undefined;
      await store.put(bytes);
      return imageOf(name, architecture, from, bytes);
    },
  };
}
