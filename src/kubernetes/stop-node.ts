import { quote } from "../host/quote.ts";
import { removeTraces, type Traces } from "../host/remove-traces.ts";
import { stateFolder } from "../host/state-folder.ts";
import { kubeletDir } from "./paths.ts";

export interface StopOptions {
  /** Whether kubelet and containerd are kboot's to end. Containers in containerd's namespace `k8s.io` are the kubelet's. */
  readonly kubelet: boolean;
  readonly runtime: boolean;
  /** Full name of the image whose tools serve where the host has none: kube-proxy's, which has all that is needed. */
  readonly toolsImage: string;
  readonly traces: Traces;
}

const tools = "nft iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy ipset";
const toolsFolder = "/run/kboot-tools";

/** Programs that call the borrowed ones. Nothing may be run from /run on some hosts. */
const wrappers = `${stateFolder}/tools`;

/**
 * sh that ends a node: kubelet, pods and sandboxes with their network name spaces, mounts, then what they have left by name. It may run again, also
 * after it was cut off. It prints a line `left: ...` for each thing that it could not remove. While containers of others run in a containerd that is
 * kboot's to end, it says so and ends before it.
 */
export function stopNode({ kubelet, runtime, toolsImage, traces }: StopOptions): string {
  const mounts = [...(kubelet ? [`${kubeletDir}/*`] : []), ...(runtime ? ["/run/containerd/*", "/var/lib/containerd/*"] : [])].join(" | ");
  return `${functions}
${kubelet ? "systemctl stop kubelet.service 2>/dev/null || true\n" : ""}if answers || { systemctl start containerd.service && answers; } 2>/dev/null; then
  ${kubelet ? "end_containers" : ""}
  borrow_tools ${quote(toolsImage)}
fi
(
${removeTraces({ ...traces, paths: [] })})
return_tools
${runtime ? "leave_to_others\nstop_runtime\n" : ""}systemctl stop kubepods.slice 2>/dev/null || true
unmount_all() {
  sed 's/^[^ ]* \\([^ ]*\\) .*/\\1/' /proc/mounts | sort -r | while IFS= read -r path; do
    path=$(printf '%b' "$path")
    case $path in ${mounts}) umount "$path" || umount -l "$path" || echo "left: mount $path" ;; esac
  done
}
unmount_all
(
${removeTraces({ links: [], chains: [], ruleComments: [], ipsets: [], nftTables: [], xfrmMarks: [], paths: traces.paths })})
# the kubelet makes it where a plug-in of others may be
(cd /usr/libexec && rmdir -p kubernetes/kubelet-plugins/volume/exec) 2>/dev/null || true
find /sys/fs/cgroup -depth -type d -path '*/kubepods.slice*' -exec rmdir {} + 2>/dev/null || true
`;
}

const functions = `
answers() { command -v ctr >/dev/null && ctr --timeout 10s version >/dev/null 2>&1; }

end_containers() {
  tries=0
  while [ -n "$(ctr -n k8s.io tasks ls -q)" ] && [ $tries -lt 50 ]; do
    for task in $(ctr -n k8s.io tasks ls -q); do
      ctr -n k8s.io tasks kill -a -s SIGKILL "$task" 2>/dev/null || true
      ctr -n k8s.io tasks rm -f "$task" >/dev/null 2>&1 || true
    done
    tries=$((tries + 1))
    sleep 0.2
  done
  for container in $(ctr -n k8s.io containers ls -q); do
    # a sandbox names its network name space: before it goes, since nobody knows it afterwards
    ctr -n k8s.io containers info "$container" | sed -n 's#^.*"path": "\\(/var\\)\\{0,1\\}\\(/run/netns/cni-[^"]*\\)".*#\\2#p' | sort -u | while read -r netns; do
      umount "$netns" 2>/dev/null || true
      rm -f "$netns"
    done
    ctr -n k8s.io containers rm "$container" >/dev/null || echo "left: container $container"
  done
  rmdir /run/netns 2>/dev/null || true
}

borrow_tools() {
  mkdir -p ${toolsFolder}
  if ! mountpoint -q ${toolsFolder} && ! ctr -n k8s.io images mount --rw "$1" ${toolsFolder} >/dev/null 2>&1; then return 0; fi
  # for the lock of iptables
  mkdir -p ${toolsFolder}/run
  mkdir -p "${wrappers}"
  for tool in ${tools}; do
    [ -e ${toolsFolder}/usr/sbin/$tool ] || continue
    printf '#!/bin/sh\\nexec chroot ${toolsFolder} %s "$@"\\n' $tool > "${wrappers}/$tool"
    chmod 0700 "${wrappers}/$tool"
  done
  # the host's own come first
  PATH=$PATH:${wrappers}
}

return_tools() {
  umount ${toolsFolder} 2>/dev/null || true
  ctr -n k8s.io snapshots rm ${toolsFolder} >/dev/null 2>&1 || true
  rmdir ${toolsFolder} 2>/dev/null || true
  rm -rf "${wrappers}"
}

leave_to_others() {
  answers || return 0
  for namespace in $(ctr namespaces ls -q); do
    [ -z "$(ctr -n "$namespace" tasks ls -q)" ] || { echo "left: containerd.service, since containers of others run in its namespace $namespace"; exit 0; }
  done
}

# What ran the containers outlives containerd, in its group
stop_runtime() {
  systemctl stop containerd.service 2>/dev/null || true
  for group in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    cat $group/system.slice/containerd.service/cgroup.procs 2>/dev/null
  done | sort -u | xargs -r kill -9 2>/dev/null || true
}
`;
