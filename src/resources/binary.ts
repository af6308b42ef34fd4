import { dirname } from "node:path/posix";
import { type ChangeContext, type Fragment, type HostKind, type Item, isAttribute, type StoredFile } from "../engine/contracts.ts";
import { joinPayloads } from "../host/payload.ts";
import { quote } from "../host/quote.ts";
import { stateFolder } from "../host/state-folder.ts";
import { callFetch, defineFetch } from "./fetch.ts";
import { partition } from "./partition.ts";

/** An executable out of an artifact. */
export interface BinaryResource {
  readonly kind: "binary";
  readonly path: string;
  readonly artifact: { readonly name: string; readonly version: string; readonly architecture: string };
  /** Its name inside the artifact. */
  readonly member: string;
  /** Of the member. */
  readonly sha256: string;
}

export interface ObservedBinary {
  readonly sha256: string;
  readonly mode: string;
}

/** A binary resource for a member of a stored file; a missing member is an error of the artifact's manifest. */
export function binary(path: string, stored: StoredFile, memberPath: string): BinaryResource {
  const member = stored.members.find((candidate) => candidate.path === memberPath);
  if (member === undefined) throw new Error(`the artifact ${stored.name} ${stored.version} has no member ${memberPath}`);
  const { name, version, architecture } = stored;
  return { kind: "binary", path, artifact: { name, version, architecture }, member: memberPath, sha256: member.sha256 };
}

/** Hashes remembered on the host, a line each: sha256, size, inode, ctime (with a fraction where stat can), path. */
const hashes = `${stateFolder}/hashes`;

export const binaryKind: HostKind<BinaryResource, ObservedBinary | undefined> = {
  kind: "binary",
  id: (resource) => `binary:${resource.path}`,
  // hashing 150 MB costs a second: the remembered hash holds while size, inode and ctime are the same
  observe: ({ path }) => `p=${quote(path)}
if [ -f "$p" ]; then
  k=$(stat -c '%s %i %Z %.Z' "$p")
  h=$(grep -F " $k $p" ${hashes} 2>/dev/null | tail -n 1)
  [ -n "$h" ] || h=$(sha256sum "$p")
  printf '%s %s\\n' "\${h%% *}" "$(stat -c %a "$p")"
fi`,
  parse(_resource, { stdout }) {
    const [sha256, mode] = stdout.toString("utf8").trim().split(" ");
    return sha256 && mode ? { sha256, mode: mode.padStart(4, "0") } : undefined;
  },
  compare(resource, observed) {
    const wished = `${resource.artifact.name} ${resource.artifact.version}`;
    if (observed === undefined) return [{ what: "binary", to: wished }];
    if (observed.sha256 !== resource.sha256) return [{ what: "content", from: `sha256 ${observed.sha256.slice(0, 12)}`, to: wished }];
    return observed.mode === "0755" ? [] : [{ what: "mode", from: observed.mode, to: "0755" }];
  },
  async change(items, context) {
    const [unchanged, wrong] = partition(items, ({ differences }) => differences.every(isAttribute));
    const byStored = Map.groupBy(wrong, ({ resource }) => storedOf(resource, context).sha256);
    const parts = await Promise.all([...byStored.values()].map((group) => unpack(group, context)));
    const modes = unchanged.map(({ resource: { path } }) => `chown root:root ${quote(path)} && chmod 0755 ${quote(path)}`);
    const paths = items.map(({ resource }) => resource);
    const remember = [
      "umask 077",
      `mkdir -p ${stateFolder}`,
      `{ cat ${hashes} 2>/dev/null || true; } | grep -v ${paths.map(({ path }) => `-e ${quote(` ${path}$`)}`).join(" ")} > ${hashes}.new || true`,
      ...paths.map(
        ({ path, sha256 }) => `printf '%s %s %s\\n' ${sha256} "$(stat -c '%s %i %Z %.Z' ${quote(path)})" ${quote(path)} >> ${hashes}.new`,
      ),
      `mv ${hashes}.new ${hashes}`,
    ];
    return {
      script: [...modes, ...parts.map((part) => part.script), ...remember].join("\n"),
      payload: joinPayloads(parts.flatMap((part) => part.payload ?? [])),
    };
  },
  before: (observed) => observed ?? null,
};

function storedOf({ artifact }: BinaryResource, { artifacts }: ChangeContext): StoredFile {
  return artifacts.file(artifact.name, artifact.version, artifact.architecture);
}

/**
 * Takes one stored file, which the host fetches or is sent, and puts those of its members that are wished into place, each checked
 * before it gets its name.
 */
async function unpack(items: readonly Item<BinaryResource, ObservedBinary | undefined>[], context: ChangeContext): Promise<Fragment> {
  const first = items[0];
  if (first === undefined) throw new Error("nothing to unpack");
  const stored = storedOf(first.resource, context);
  const stage = quote(`${dirname(first.resource.path)}/.kboot-stage`);
  const { remote } = stored;
  const payload = remote !== undefined && context.facts.reaches.includes(remote.probe) ? undefined : await stored.payload();
  const members = [...new Set(items.map(({ resource }) => resource.member))].map(quote).join(" ");
  const source = payload === undefined ? `cat ${stage}/fetched` : `take ${payload.size}`;
  const read = {
    raw: `${source} > ${stage}/one`,
    gzip: `${source} | gzip -dc > ${stage}/one`,
    tar: `${source} | tar -xm -C ${stage} -f - ${members}`,
    "tar.gz": `${source} | gzip -dc | tar -xm -C ${stage} -f - ${members}`,
  }[stored.format];
  const isArchive = stored.format.startsWith("tar");
  const fetched =
    payload === undefined && remote !== undefined ? [defineFetch, callFetch(remote.url, `${stage}/fetched`, stored.sha256)] : [];
  const lines = ["umask 022", `rm -rf ${stage}`, `trap ${quote(`rm -rf ${stage}`)} EXIT`, `mkdir -p ${stage}`, ...fetched, read];
  for (const { resource } of items) {
    const source = isArchive ? `${stage}/${quote(resource.member)}` : `${stage}/one`;
    const target = quote(resource.path);
    lines.push(
      `[ "$(sha256sum < ${source})" = "${resource.sha256}  -" ] || { echo ${quote(`${stored.name} ${stored.version} came damaged: the checksum of ${resource.member} is wrong`)} >&2; exit 1; }`,
      `mkdir -p ${quote(dirname(resource.path))}`,
      `chown root:root ${source} && chmod 0755 ${source}`,
      `ln -f ${source} ${target}.kboot-new 2>/dev/null || cp -p ${source} ${target}.kboot-new`,
      `mv -f ${target}.kboot-new ${target}`,
    );
  }
  return { script: `(\n${lines.join("\n")}\n)`, payload };
}
