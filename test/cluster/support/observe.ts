import { type Lab, onHost } from "./lab.ts";

/**
 * Files below some paths of a host (patterns of sh, without blanks), by path: mode, owner, and what is inside: a sum, or where a link points.
 * Links are not followed.
 */
export async function listFiles(set: Lab, host: string, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const text = await onHost(
    set,
    host,
    `for path in ${paths.join(" ")}; do
  [ -e "$path" ] || continue
  find "$path" -xdev -printf '%p\\t%M %u:%g %l\\n'
  find "$path" -xdev -type f -exec sha256sum {} + | sed 's/^\\([0-9a-f]*\\)  \\(.*\\)/\\2\\t\\1/'
done`,
  );
  const found = new Map<string, string>();
  for (const line of text.split("\n").filter((candidate) => candidate !== "")) {
    const [path = "", what = ""] = line.split("\t");
    found.set(path, `${found.get(path) ?? ""}${what}`);
  }
  return found;
}

/** Processes of the cluster on a host, as `name pid start-time`, sorted. The same list means that none was restarted. */
export async function listProcesses(set: Lab, host: string): Promise<readonly string[]> {
  const text = await onHost(
    set,
    host,
    `for folder in /proc/[0-9]*; do
  read -r name < $folder/comm || continue
  case $name in containerd|containerd-shim|kubelet|etcd|kube-*|flanneld|coredns) ;; *) continue ;; esac
  read -r stat < $folder/stat && set -- $stat && echo "$name $1 \${22}"
done 2> /dev/null || true`,
  );
  return text
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}
