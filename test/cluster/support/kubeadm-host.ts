import { createReadStream } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Role } from "../../../src/inventory/cluster.ts";
import type { AptRepository } from "./apt-repository.ts";
import { containerSettings, type Lab, onHost, sendToHost } from "./lab.ts";

/** A configuration of containerd that kboot would not write. */
const containerdConfig = `# of the owner
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10.2"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
`;

/** Where kubeadm's packages have the kubelet's unit, and what it says. */
const units: Readonly<Record<string, string>> = {
  "/usr/lib/systemd/system/kubelet.service": `[Unit]
Description=kubelet of a package
Wants=network-online.target
After=network-online.target
[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10
[Install]
WantedBy=multi-user.target
`,
  "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`,
};

/** The pod network of the owner: a bridge on each host, whose pods have addresses of `subnet`. */
export function bridgeNetwork(subnet: string): string {
  // without masquerading, for which the host would need iptables
  const bridge = { type: "bridge", bridge: "own0", isDefaultGateway: true, ipam: { type: "host-local", ranges: [[{ subnet }]] } };
  const network = { cniVersion: "1.0.0", name: "own", plugins: [bridge] };
  return `mkdir -p /etc/cni/net.d && cat > /etc/cni/net.d/10-own.conflist <<'EOF'\n${JSON.stringify(network)}\nEOF\n`;
}

/** Makes a bare host one that kubeadm can use, as with packages of the distribution and of Kubernetes. `folder` holds `writeArtifacts`'. */
export async function installPackages(
  set: Lab,
  host: string,
  options: { readonly folder: string; readonly role: Role; readonly repository: AptRepository },
): Promise<void> {
  const send = (command: string, file: string) => sendToHost(set, host, command, createReadStream(join(options.folder, file)));
  const files = Object.entries(units).map(([path, text]) => `mkdir -p "$(dirname ${path})" && cat > ${path} <<'EOF'\n${text}EOF\n`);
  await onHost(
    set,
    host,
    `set -e
echo '${options.repository.line}' > /etc/apt/sources.list
rm -f /etc/apt/sources.list.d/*
apt-get -qq update && apt-get -qq install -y containerd >/dev/null
cat > /etc/containerd/config.toml <<'EOF'
${containerdConfig}EOF
systemctl restart containerd
modprobe -aq overlay br_netfilter || true
sysctl -q net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
mkdir -p /opt/cni/bin
${files.join("")}`,
  );
  await Promise.all([
    send(
      "sh -c 'gzip -dc > /usr/bin/kubelet && chmod 0755 /usr/bin/kubelet && ln -f /usr/bin/kubelet /usr/bin/kubeadm && ln -f /usr/bin/kubelet /usr/bin/kubectl'",
      "kubernetes.gz",
    ),
    send("tar -xzC /opt/cni/bin --no-same-owner -f -", "cni-plugins.tar.gz"),
    send("ctr -n k8s.io images import -", `${options.role}.images.tar`),
  ]);
  await onHost(set, host, "systemctl daemon-reload && systemctl enable -q kubelet");
}

interface NodeRegistration {
  readonly kubeletExtraArgs?: readonly { readonly name: string; readonly value: string }[];
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

/** What a document of kubeadm's begins with. */
export const kubeadmKind = (kind: string) => ({ apiVersion: "kubeadm.k8s.io/v1beta4", kind });

/** Of a container kubeadm cannot read the kernel's configuration. */
const ignored = { ignorePreflightErrors: ["all"] };

/** Makes a cluster with the real kubeadm: its defaults, with `cluster` in its ClusterConfiguration, and what a container needs. */
export async function runKubeadmInit(
  set: Lab,
  host: string,
  options: { readonly nodeRegistration: NodeRegistration; readonly cluster: Readonly<Record<string, unknown>> },
): Promise<void> {
  const advertiseAddress = set.hosts.find(({ name }) => name === host)?.address;
  await runKubeadm(
    set,
    host,
    "init",
    writeDocuments([
      {
        ...kubeadmKind("InitConfiguration"),
        localAPIEndpoint: { advertiseAddress },
        nodeRegistration: { ...ignored, ...options.nodeRegistration },
      },
      { ...kubeadmKind("ClusterConfiguration"), ...options.cluster },
      { apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration", ...containerSettings.kubelet },
      { apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration", ...containerSettings.kubeProxy },
    ]),
  );
}

/** Joins a worker with the real kubeadm, by a token that `controlPlane` makes. */
export async function joinByKubeadm(set: Lab, controlPlane: string, host: string, nodeRegistration: NodeRegistration): Promise<void> {
  const line = await onHost(set, controlPlane, "kubeadm token create --ttl 10m --print-join-command");
  await runKubeadm(set, host, "join", writeDocuments([joinConfiguration(line, nodeRegistration)]));
}

/** The JoinConfiguration that says what a printed line of `join` says. */
export function joinConfiguration(line: string, nodeRegistration: NodeRegistration): object {
  const [, apiServerEndpoint, token, hash] = /join (\S+) --token (\S+) --discovery-token-ca-cert-hash (\S+)/.exec(line) ?? [];
  const bootstrapToken = { apiServerEndpoint, token, caCertHashes: [hash] };
  return { ...kubeadmKind("JoinConfiguration"), discovery: { bootstrapToken }, nodeRegistration: { ...ignored, ...nodeRegistration } };
}

/** Documents as one file of `--config`. */
export function writeDocuments(documents: readonly object[]): string {
  return documents.map((document) => stringify(document)).join("---\n");
}

/** Runs the real kubeadm with a file of `--config`. */
export async function runKubeadm(set: Lab, host: string, command: "init" | "join", text: string): Promise<void> {
  const script = `cat > /root/kubeadm.yaml <<'EOF'\n${text}EOF\nkubeadm ${command} --config /root/kubeadm.yaml > /root/kubeadm.log 2>&1 || { tail -n 20 /root/kubeadm.log >&2; exit 1; }`;
  await onHost(set, host, script);
}
