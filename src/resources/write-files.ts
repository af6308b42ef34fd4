import { basename, dirname } from "node:path/posix";
import { pack } from "tar-stream";
import type { Fragment } from "../engine/contracts.ts";
import { bytesPayload } from "../host/payload.ts";
import { quote } from "../host/quote.ts";
import { Secret } from "../secret.ts";

/** Mode and owner (root) that a file shall have. */
export interface WishedFile {
  /** Absolute. */
  readonly path: string;
  /** Octal, four digits. */
  readonly mode: string;
}

export interface FileToWrite extends WishedFile {
  readonly content: string | Secret | Buffer;
}

const marker = "end";

/**
 * One fragment that writes all these files, or none when its payload comes incomplete: they are unpacked beside their targets
 * under dot-names (the kubelet runs every other file among its manifests), get mode and owner, and are renamed in order.
 * Missing folders are made. Contents, secrets among them, travel in the payload only. Files of `unchanged` get mode and owner alone and
 * keep their time of change, so that nothing is restarted for them.
 */
export async function writeFiles(files: readonly FileToWrite[], unchanged: readonly WishedFile[] = []): Promise<Fragment> {
  const modes = unchanged.map(setMode);
  if (files.length === 0) return { script: ["true", ...modes].join("\n") };
  const staged = files.map((file, index) => ({ ...file, staged: `${dirname(file.path)}/.${basename(file.path)}.kboot-${index}` }));
  const archive = pack();
  for (const { staged: name, content } of staged) archive.entry({ name: name.slice(1), mode: 0o600 }, toBuffer(content));
  archive.entry({ name: marker }, marker);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  const bytes = Buffer.concat(chunks);
  const folders = [...new Set(files.map(({ path }) => dirname(path)))];
  const names = staged.map((file) => quote(file.staged)).join(" ");
  const script = [
    ...modes,
    "umask 077",
    "work=$(mktemp -d)",
    `take ${bytes.length} > "$work/tar"`,
    // a tar that was cut at a member's edge unpacks without an error: the marker comes last
    `tar -xO -f "$work/tar" ${marker} > "$work/marker" 2>/dev/null || true`,
    `[ "$(wc -c < "$work/tar")" -eq ${bytes.length} ] && [ "$(cat "$work/marker")" = ${marker} ] || { rm -rf "$work"; echo "the files came incomplete" >&2; exit 1; }`,
    ...folders.map((folder) => `[ -d ${quote(folder)} ] || ( umask 022; mkdir -p ${quote(folder)} )`),
    `tar -xm -C / -f "$work/tar" ${staged.map((file) => quote(file.staged.slice(1))).join(" ")} || { rm -rf "$work"; rm -f ${names}; exit 1; }`,
    'rm -rf "$work"',
    ...staged.map((file) => setMode({ path: file.staged, mode: file.mode })),
    ...staged.map((file) => `mv -f ${quote(file.staged)} ${quote(file.path)}`),
  ].join("\n");
  return { script, payload: bytesPayload(bytes) };
}

function setMode({ path, mode }: WishedFile): string {
  return `chown 0:0 ${quote(path)} && chmod ${mode} ${quote(path)}`;
}

function toBuffer(content: string | Secret | Buffer): Buffer {
  if (content instanceof Secret) return Buffer.from(content.reveal());
  return typeof content === "string" ? Buffer.from(content) : content;
}
