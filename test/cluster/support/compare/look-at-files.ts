import { Readable } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { extract } from "tar-stream";
import { parseUnit } from "../../../../src/render/unit.ts";
import { type Lab, onHost } from "../lab.ts";
import { type Described, describeText, type Normalise } from "./describe-text.ts";

/** What is at each place. */
export type Look = ReadonlyMap<string, Described>;

const units = ["kubelet", "containerd"];

/** Where units are, those of packages last. */
const unitFolders = ["/etc/systemd/system", "/usr/lib/systemd/system"];

/** What the kubelet keeps for itself while it runs. */
const ownState = ["pods", "plugins", "plugins_registry", "device-plugins", "pod-resources", "checkpoints", "*_state", "*_manager_state"];

/**
 * Files below /etc/kubernetes and /var/lib/kubelet by their path, and units of kubelet and containerd by their name, since packages have
 * them elsewhere: each with mode and owner, and what is inside.
 */
export async function lookAtFiles(set: Lab, host: string, normalise: Normalise): Promise<Look> {
  const text = await onHost(
    set,
    host,
    `cd / && tar -c ${ownState.map((name) => `--exclude='var/lib/kubelet/${name}'`).join(" ")} --exclude=etc/kubernetes/tmp etc/kubernetes var/lib/kubelet $(for folder in ${unitFolders.join(" ")}; do find $folder ${units
      .map((unit) => `-name '${unit}.service*'`)
      .join(" -o ")}; done | sort -u | sed s,^/,,) | base64 -w 0`,
  );
  const look = new Map<string, Described>();
  for await (const entry of Readable.from([Buffer.from(text, "base64")]).pipe(extract())) {
    const { name, mode = 0, uname, gname, type, linkname } = entry.header;
    const content = await readText(entry);
    const path = `/${name.replace(/\/$/, "")}`;
    const attributes = `${type} ${(mode % 0o10000).toString(8).padStart(4, "0")} ${uname}:${gname}`;
    const inside = type === "file" ? describeFile(path, content, normalise) : { text: "", fields: new Map<string, string>() };
    const fields = new Map([
      ["is", linkname == null || type === "file" ? attributes : `${attributes} -> ${normalise(linkname)}`],
      ...inside.fields,
    ]);
    const place = unitPlace(path);
    look.set(normalise(place ?? path), { text: inside.text, fields: place === undefined ? fields : new Map([["path", path], ...fields]) });
  }
  return look;
}

/** `kubelet.service.d/10-kubeadm.conf`, wherever that is. */
function unitPlace(path: string): string | undefined {
  const folder = unitFolders.find((candidate) => path.startsWith(`${candidate}/`));
  return folder === undefined ? undefined : path.slice(folder.length + 1);
}

function describeFile(path: string, content: string, normalise: Normalise): Described {
  if (unitPlace(path) === undefined) return describeText(content, normalise);
  const fields = new Map<string, string>();
  for (const [section, lines] of parseUnit(content)) {
    for (const [key, value] of lines) {
      const before = fields.get(`${section}.${key}`);
      fields.set(`${section}.${key}`, before === undefined ? value : `${before}\n${value}`);
    }
  }
  return { text: content, fields };
}
