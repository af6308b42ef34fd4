/** What is known about an error by its code. Sentences are lower case, without a full stop, in Markdown. */
export interface CatalogueEntry {
  /** What happened. */
  readonly title: string;
  /** Of the process, when this is what a run ends with. */
  readonly exitCode: number;
  /** True when trying again alone can heal it. This decides about retries, unless the error itself says otherwise. */
  readonly isTransient: boolean;
  /** The likely ones first. Empty: the error's own message says all there is. */
  readonly causes: readonly string[];
  /** What to do next; the first is the hint of an error that brings none of its own. */
  readonly next: readonly string[];
}

const again = "then run the same command again: it goes on where it stopped";

function entry(
  exitCode: number,
  title: string,
  causes: readonly string[],
  next: readonly string[],
  { isTransient = false } = {},
): CatalogueEntry {
  return { title, exitCode, isTransient, causes, next };
}

const transient = { isTransient: true };

/** Every code an error can have: the general ones first, then what was recognised as the reason of one. */
export const catalogue = {
  usage: entry(64, "the command line is wrong", [], ["`kboot --help`, or `--help` after the command"]),
  inventory: entry(65, "the inventory is wrong", [], ["`kboot inventory validate`, and docs/inventory.md"]),
  patch: entry(
    65,
    "a patch of a rendered object cannot be applied",
    [
      "a JSON patch whose path is not there: indices and fields differ between versions of Kubernetes",
      "a strategic patch without the field that tells the elements of a list apart, such as the name of a container",
      "a value that belongs to kboot, since other parts of the cluster go by it",
    ],
    [
      "correct the patch that the message names, in the inventory or in the folder of `--patches`",
      "docs/inventory.md says what patches may change",
    ],
  ),
  "kubeadm-config": entry(
    65,
    "a file with documents of kubeadm is wrong",
    ["a field that this version does not know", "an older apiVersion"],
    ["put right what the lines name, then `kboot config validate --config FILE`"],
  ),
  pki: entry(
    65,
    "a certificate or key on this machine is missing, cannot be read or is not of its CA",
    ["the command does not run on a control plane, or not as root", "the files are elsewhere"],
    ["`kboot certs check-expiration` shows what is there", "name the folder with `--cert-dir`"],
  ),
  "external-certificate": entry(
    3,
    "a certificate of a CA whose key is elsewhere is missing or of no use, and nothing was changed",
    [
      "it has not been issued yet, or has expired",
      "the host has changed its name or address since it was requested",
      "the key of the CA was lost, or the host was a node of another cluster",
    ],
    [
      "`kboot certs generate-csr --cert-dir DIR --kubeconfig-dir DIR` makes keys and requests: sign them with your CA, and put each file that is named in its place",
      "`kboot certs check-expiration` shows which CAs are elsewhere (EXTERNALLY MANAGED)",
      "a host that was a node of another cluster: `kboot reset` on it",
    ],
  ),
  check: entry(
    3,
    "a check failed, and nothing was changed",
    ["a host is not fit for what the inventory wants of it"],
    ["put right what the check names", "or name the check under `ignoreChecks` in the inventory, if you know better"],
  ),
  "stale-plan": entry(
    9,
    "a saved plan is no longer what would be done, and nothing was changed",
    ["hosts, cluster or inventory have changed since it was made"],
    ["plan anew: `kboot plan --save`"],
  ),
  script: entry(
    1,
    "a script on a host failed",
    ["what the last lines of its stderr say"],
    [`put right what the lines above say, ${again}`, "all of its stderr is in the log of the run"],
  ),
  incomplete: entry(1, "several hosts were set aside", [], ["put right what is said of each host, then run the same command again"]),
  artifact: entry(
    4,
    "no source has a file or image, or none gives it",
    [
      "the version or architecture does not exist there",
      "the source is not reached from here: a proxy, a firewall",
      "a bundle is not whole",
    ],
    ["ask the source by hand: `curl -I URL`", "see `sources` of the inventory"],
  ),
  "artifact-damaged": entry(
    4,
    "a file or image has other bytes than were published",
    ["a proxy or mirror on the way gives other bytes", "the source was changed after its sums were made"],
    ["fetch it by hand and compare `sha256sum`; nothing of it was used"],
  ),
  conflict: entry(
    5,
    "two hosts hold different values of one secret",
    ["a host was set up by something else, or for another cluster"],
    ["find out which host has the right one, and remove the other file by hand"],
  ),
  api: entry(
    6,
    "the cluster's API refused or did not answer",
    ["it restarts", "etcd does not answer it", "the credential is not accepted"],
    ["on a control plane: `journalctl -u kubelet`, and the logs under `/var/log/pods/kube-system_kube-apiserver-*`"],
  ),
  timeout: entry(
    7,
    "something was waited for in vain",
    ["what is waited for has failed for a reason that only its own log tells"],
    ["look where the hint says", "run the same command again: what is done is found done"],
  ),
  unwell: entry(8, "`status` found something that is not well", [], ["what is not well stands at the end of its output"]),
  unreachable: entry(
    69,
    "a host cannot be reached",
    ["the machine is down or restarts", "the connection was lost on the way"],
    ["see what this says: `ssh -v USER@HOST true`"],
  ),
  "host-key": entry(
    69,
    "the key of a host is not the known one",
    ["the machine was installed anew", "another machine has its address", "somebody is in between"],
    ["compare the key at the machine itself: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`, then `ssh-keygen -R ADDRESS`"],
  ),
  privilege: entry(
    69,
    "there are no rights on a host",
    ["sudo asks for a password, or does not know the user"],
    ["`USER ALL=(ALL) NOPASSWD: ALL` in `/etc/sudoers.d/kboot`, or connect as root"],
  ),
  "host-locked": entry(
    75,
    "another run holds a host",
    ["somebody else works on the cluster", "a script of an earlier run has not ended yet"],
    ["wait until it has ended; the message names who, from where and since when"],
  ),
  system: entry(
    74,
    "this machine could not read or write something",
    ["a full disk, or missing rights, on the machine where kboot runs"],
    ["`df -h`, `ls -l` of what the message names"],
  ),
  cancelled: entry(130, "stopped", [], ["the next run goes on from here"]),
  "name-unknown": entry(
    69,
    "the name of a host is not known",
    ["a misspelt address in the inventory", "it is missing in DNS"],
    ["`getent hosts NAME` on this machine"],
  ),
  "connection-refused": entry(
    69,
    "nothing listens on a host's SSH port",
    ["sshd does not run, or on another port (`ssh.port`)", "the machine is starting"],
    ["`systemctl status ssh` at the machine"],
    transient,
  ),
  "connection-timeout": entry(
    69,
    "a host does not answer",
    ["the machine is down", "a firewall drops what is sent there", "the address is wrong"],
    ["`ping ADDRESS`; or raise `ssh.connectTimeoutSeconds`"],
    transient,
  ),
  "login-refused": entry(
    69,
    "a host does not let the user in",
    ["the public key is not in the user's `authorized_keys`", "another key was offered than the one meant"],
    ["`ssh -v USER@HOST true`; the key belongs into `~USER/.ssh/authorized_keys` there"],
  ),
  "disk-full": entry(
    1,
    "no room is left on a disk of the host",
    ["images, logs or packages filled it", "it is too small for a node"],
    [`on the host: \`df -h\` and \`df -i\`; make room, ${again}`],
  ),
  "disk-read-only": entry(
    1,
    "a file system of the host can only be read",
    ["the kernel found an error on the disk and mounted it read-only"],
    [`on the host: \`findmnt -O ro\` and \`dmesg | tail\`; repair it, ${again}`],
  ),
  "out-of-memory": entry(
    1,
    "the host has not enough memory",
    ["the kernel ended a process to get memory back", "the machine is too small for a node"],
    [`on the host: \`free -m\` and \`dmesg | grep -i oom\`; give it more memory, ${again}`],
  ),
  "apt-unresolved": entry(
    1,
    "apt does not reach its repositories",
    ["DNS does not work on the host", "there is no way out, and no proxy is set for apt"],
    [`on the host: \`getent hosts NAME\` with the name that is not found, and \`apt-get update\`; put right DNS or apt's proxy, ${again}`],
  ),
  "apt-locked": entry(
    1,
    "another process holds the lock of apt",
    ["unattended upgrades run", "somebody works with apt there"],
    [`on the host: \`fuser -v /var/lib/dpkg/lock-frontend\`; let it finish, ${again}`],
  ),
  "package-unknown": entry(
    1,
    "apt has no such package, or none that can be installed",
    ["the repository that has it is not set up on the host", "apt's lists are old"],
    [`on the host: \`apt-get update\` and \`apt-cache policy PACKAGE\`; add the repository, ${again}`],
  ),
  "package-broken": entry(
    1,
    "packages of the host are half installed or do not fit each other",
    ["an earlier installation was interrupted"],
    [`on the host: \`dpkg --configure -a\` and \`apt-get -f install\`, ${again}`],
  ),
  "download-failed": entry(
    4,
    "the host does not get a file from its source",
    ["the source is down, or does not have it", "the host reaches it through a proxy alone"],
    [`on the host: \`curl -I URL\`; put right source or proxy, ${again}`],
  ),
  "containerd-failed": entry(
    1,
    "containerd does not start",
    ["its configuration cannot be read", "another containerd or docker holds its socket"],
    [`on the host: \`journalctl -u containerd -n 20\` and \`containerd config dump\`; put it right, ${again}`],
  ),
  "containerd-cri": entry(
    1,
    "containerd runs without its CRI plugin, so that the kubelet cannot use it",
    ["`disabled_plugins` of its configuration names cri", "a setting of the plugin is wrong"],
    [`on the host: \`ctr plugins ls id==cri\` and \`journalctl -u containerd\`; put it right, ${again}`],
  ),
  "image-damaged": entry(
    4,
    "an image has other content than its digest says",
    ["the archive was cut short or changed on the way", "containerd's store was damaged by a full disk"],
    [`on the host: \`ctr -n k8s.io images check\`, remove what is incomplete, ${again}`],
  ),
  "image-missing": entry(
    4,
    "an image is not on the host, and cannot be pulled",
    ["it was removed by hand or by the kubelet for want of room", "the registry is not reached from the host"],
    [`on the host: \`ctr -n k8s.io images ls\`, ${again}`],
  ),
  "kubelet-failed": entry(
    1,
    "the kubelet does not start",
    ["its configuration has a field or value that this version does not know", "swap is on", "it does not reach containerd"],
    [`on the host: \`journalctl -u kubelet -n 20\`; put it right, ${again}`],
  ),
  "flag-unknown": entry(
    1,
    "a component of the cluster does not start, since it does not know one of its flags",
    ["`extraArgs` of the inventory names a flag that this version does not have", "a manifest was changed by hand"],
    ["correct `extraArgs` in the inventory, then run the same command again: it goes on where it stopped"],
  ),
  "etcd-damaged": entry(
    1,
    "etcd cannot read its data",
    ["the disk lost what was written, as after a power cut", "files below /var/lib/etcd were changed by hand"],
    [
      "on the host: the log under `/var/log/pods/kube-system_etcd-*`; restore /var/lib/etcd from a snapshot (`etcdutl snapshot restore`)",
      "kboot never removes data of etcd by itself",
    ],
  ),
  "etcd-full": entry(
    1,
    "etcd takes no more data",
    ["its database has reached the quota (`--quota-backend-bytes`)"],
    ["on the host: `etcdctl alarm list`, compact and `etcdctl defrag`, then `etcdctl alarm disarm`"],
  ),
  "certificate-expired": entry(
    6,
    "a certificate is expired, or not valid yet",
    ["it was not renewed", "the clock of one of the hosts is wrong"],
    [
      "on the host: `openssl x509 -noout -dates -in ca.crt` in the directory of certificates (/etc/kubernetes/pki unless it was set otherwise), and `date`; `kboot status` shows all certificates",
    ],
  ),
  "certificate-untrusted": entry(
    6,
    "a certificate is of another CA than the cluster's",
    ["the host has files of another cluster", "a CA was replaced by hand on some hosts only"],
    ["compare `sha256sum /etc/kubernetes/pki/ca.crt` on all hosts (where `pki.certificatesDir` is set, `ca.crt` there)"],
  ),
  "request-unsigned": entry(
    7,
    "a node waits for a certificate that nobody signs",
    [
      "the key of the cluster's CA is elsewhere (an external CA), so its controller manager signs nothing",
      "the controller manager does not run",
      "the request is not approved",
    ],
    [
      "run the same command again, which asks with a new request; while it waits (`kubectl get csr`), approve that, and have your own signer put the certificate into its status",
      "a cluster that signs itself: `kubectl -n kube-system get pods`, does the controller manager run?",
    ],
  ),
  "token-expired": entry(
    6,
    "the API does not accept the token of a join",
    ["the token has expired or was deleted", "the clocks of host and control plane differ"],
    [
      "run the same command again: each join gets a token of its own; `date` on both hosts",
      "for a line that was printed before: print a new one on a control plane, `kboot token create --print-join-command`",
    ],
  ),
  discovery: entry(
    6,
    "no cluster was found where it was looked for",
    [
      "address or port are not those of an API server, or of a load balancer before it",
      "the API server does not run, or not yet",
      "a firewall drops what is sent there",
      "the cluster does not publish cluster-info",
    ],
    ["`curl -k https://ADDRESS:PORT/version` tells whether an API server answers there"],
  ),
  "discovery-untrusted": entry(
    6,
    "what answers does not prove to be the cluster that is meant, and nothing of it was used",
    [
      "token or CA hash are of another cluster, or mistyped",
      "a load balancer leads to another cluster",
      "the cluster's CA was replaced",
      "somebody is in between",
    ],
    ["print the line anew on a control plane: `kboot token create --print-join-command`"],
  ),
  "clock-skew": entry(
    1,
    "the clock of a host is wrong",
    ["no time service runs there", "this machine's own clock is wrong: then all hosts are off by the same"],
    [
      "on the host: `timedatectl`, and start a time service such as `systemd-timesyncd`; `date -u` there and here has to say the same",
      "certificates carry times: where clocks differ, new ones are not valid yet",
    ],
  ),
  "network-not-ready": entry(
    1,
    "the pod network does not run on a node",
    ["the pods of the network plug-in do not start", "its configuration is missing in /etc/cni/net.d"],
    ["`kubectl -n kube-system get pods -o wide`, and `kubectl -n kube-system logs` of those of the network plug-in"],
  ),
  "pod-failed": entry(
    7,
    "a pod that the cluster needs does not run",
    [
      "its container ends with an error, which its log tells",
      "no node takes it: taints, too little memory or CPU",
      "a ConfigMap, Secret or volume that it names is missing",
    ],
    [
      "`kubectl -n NAMESPACE describe pod POD`, and `kubectl -n NAMESPACE logs POD --previous`",
      "put it right and run the same command again: what is done is found done",
    ],
  ),
  "kubelet-version": entry(
    6,
    "a kubelet's version does not fit the API server's",
    [
      "the host's own kubelet, of a package, was upgraded before the control plane, or long ago",
      "the control plane was changed by other means than the ConfigMaps of the cluster tell",
    ],
    [
      "a kubelet may be three minors older than the API server, and never newer: `kubelet --version` there, `kubectl version` on a control plane",
    ],
  ),
  "port-taken": entry(
    1,
    "another process listens on a port that is needed",
    ["another Kubernetes, or a leftover of one, runs on the host"],
    [`on the host: \`ss -ltnp\` names the process; end it, ${again}`],
  ),
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

/** What went wrong, as a stable word: it decides the exit code and about retries, never the text. */
export type ErrorCode = keyof typeof catalogue;

/** All codes, in the catalogue's order. */
export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];

/** Exit codes that are no error's, or no error's alone. */
const otherExits: readonly (readonly [number, string])[] = [
  [0, "everything is in order; for `plan`: planned, whether or not there are changes"],
  [70, "a bug in kboot"],
];

/** Each exit code with what it means, in their order. */
export function listExitCodes(): readonly { readonly exitCode: number; readonly meaning: string; readonly codes: readonly ErrorCode[] }[] {
  const byExit = Map.groupBy(errorCodes, (code) => catalogue[code].exitCode);
  return [
    ...otherExits.map(([exitCode, meaning]) => ({ exitCode, meaning, codes: [] })),
    ...[...byExit].map(([exitCode, codes]) => ({ exitCode, meaning: codes[0] === undefined ? "" : catalogue[codes[0]].title, codes })),
  ].toSorted((one, other) => one.exitCode - other.exitCode);
}
