import { kernelSwitches, kernelTraces } from "./kernel-features.ts";
import { quote } from "./quote.ts";
import { stateFolder } from "./state-folder.ts";

/** Commands that are looked for in PATH. */
export const probedCommands: readonly string[] =
  "apk apt-get conntrack containerd cp crictl ctr curl dnf dpkg ethtool flock gzip ip ipset iptables kubeadm kubectl kubelet losetup modprobe mount nft nsenter rpm runc socat ss swapoff sysctl systemctl tar timeout xz zstd zypper".split(
    " ",
  );

/** kubeadm mounts these into the API server and the controller manager where they exist (cmd/kubeadm/app/phases/controlplane/volumes.go). */
const directories = "/etc/pki/ca-trust /etc/pki/tls/certs /etc/ca-certificates /usr/share/ca-certificates /usr/local/share/ca-certificates";

/**
 * POSIX sh that always exits 0. Each section that it prints is a NUL, its name, a newline, and what it says. `packages`: names to ask
 * dpkg and apt for; `urls`: what to ask whether it answers; `ownKubelet`: whether to ask the kubelet for its version; `certificatesDir`: where the CA is,
 * unless only the controller manager's manifest knows.
 */
export function probeBody(packages: readonly string[], urls: readonly string[], ownKubelet: boolean, certificatesDir: string): string {
  const kubelet = ownKubelet ? "section kubelet-version; kubelet --version 2>/dev/null\n" : "";
  return `pki=${quote(certificatesDir)}\n${facts}${kubelet}${askPackages(packages)}${askUrls(urls)}exit 0\n`;
}

function askPackages(packages: readonly string[]): string {
  return `
section packages
for name in ${packages.map(quote).join(" ")}; do
  installed=$(dpkg-query -W -f '\${db:Status-Status} \${Version}' "$name" 2>/dev/null)
  case $installed in
    "installed "*) echo "$name $installed" ;;
    *) echo "$name candidate $(apt-cache policy "$name" 2>/dev/null | sed -n 's/^ *Candidate: \\([^(]\\)/\\1/p')" ;;
  esac
done
`;
}

const facts = `
section() { printf '\\0%s\\n' "$1"; }
show() { if [ -r "$2" ]; then section "$1"; cat "$2"; fi; }
line() { if [ -r "$2" ]; then kboot_line=; IFS= read -r kboot_line <"$2" || :; section "$1"; printf '%s\\n' "$kboot_line"; fi; }

section uname; uname -nrm
section clock; date +%s
show os /etc/os-release || show os /usr/lib/os-release
line machine-id /etc/machine-id
line product-uuid /sys/class/dmi/id/product_uuid 2>/dev/null
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then section cgroup2; fi
section cpus; nproc || grep -c ^processor /proc/cpuinfo
section memory; while read -r name value _; do [ "$name" != MemTotal: ] || echo "$value"; done </proc/meminfo
section disk; df -Pk /var/lib
show swaps /proc/swaps

section addresses; ip -o addr show
section routes; ip -o route show
show resolv /etc/resolv.conf
section listening
ss -Htlnp 2>/dev/null || { section sockets; cat /proc/net/tcp /proc/net/tcp6; }

section forward
{
  nft list chains | grep -E '^table |hook forward .*policy drop'
  if grep -qx filter /proc/net/ip_tables_names; then iptables-legacy -S FORWARD || iptables -S FORWARD; fi
} 2>/dev/null

if [ -d /run/systemd/system ]; then section systemd; fi
if [ -e /run/systemd/resolve/resolv.conf ] && systemctl -q is-active systemd-resolved; then section resolved; fi
section commands
for name in ${probedCommands.join(" ")}; do if command -v "$name" >/dev/null; then echo "$name"; fi; done
section directories
for name in ${directories}; do if [ -d "$name" ]; then echo "$name"; fi; done

section present
for name in ${Object.keys(kernelSwitches).join(" ")}; do if [ -d "/sys/module/$name" ]; then echo "$name"; fi; done
${Object.entries(kernelTraces)
  .map(([name, path]) => `if [ -e ${path} ]; then echo ${name}; fi`)
  .join("\n")}
while read -r name; do case $name in *overlay) echo overlay ;; esac; done </proc/filesystems
kernel=$(uname -r)
section config
{ zcat /proc/config.gz 2>/dev/null || cat "/boot/config-$kernel"; } | grep -E '^CONFIG_(${Object.values(kernelSwitches).join("|")})='
if [ -r "/lib/modules/$kernel/modules.dep" ]; then
  section modules
  grep -hE '/(${Object.keys(kernelSwitches)
    .map((name) => name.replaceAll("_", "[-_]"))
    .join("|")})\\.ko' "/lib/modules/$kernel/modules.dep" "/lib/modules/$kernel/modules.builtin"
fi

show state "${stateFolder}/state.json"
if [ ! -e "$pki/ca.crt" ]; then
  written=$(sed -n 's|.*--root-ca-file=\\(/.*\\)/ca\\.crt$|\\1|p' /etc/kubernetes/manifests/kube-controller-manager.yaml 2>/dev/null)
  pki=\${written:-$pki}
fi
show ca-cert "$pki/ca.crt"
show ca-key "$pki/ca.key"
if [ -e "$pki/ca.crt" ] && [ ! -e "$pki/ca.key" ]; then
  for name in super-admin admin; do show "kubeconfig $name" "/etc/kubernetes/$name.conf"; done
fi
pem=/var/lib/kubelet/pki/kubelet-client-current.pem
if [ ! -e /etc/kubernetes/bootstrap-kubelet.conf ] && grep -q 'PRIVATE KEY-----' "$pem" 2>/dev/null; then
  section kubelet-certificate
  sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$pem"
fi
for path in /etc/kubernetes/manifests/*.yaml; do name=\${path##*/}; show "manifest \${name%.yaml}" "$path"; done
`;

/**
 * Asks all of these URLs at once, and prints those that answer: with what was asked for, or, as registries do, with the wish for a token.
 * A host without curl and wget reaches none.
 */
function askUrls(urls: readonly string[]): string {
  if (urls.length === 0) return "";
  return `
answers() {
  if command -v curl >/dev/null; then
    case $(curl -sL -o /dev/null -w '%{http_code}' --connect-timeout 2 -m 5 "$1") in 2*|401) ;; *) return 1 ;; esac
  else
    wget -q -T 4 -t 1 -O /dev/null "$1" || [ $? = 6 ]
  fi
}
section reaches
for url in ${urls.map(quote).join(" ")}; do if answers "$url" 2>/dev/null; then echo "$url"; fi & done
wait
`;
}
