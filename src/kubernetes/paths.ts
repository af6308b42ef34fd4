/** Where kubeadm keeps things on a node (kubeadm/app/constants, v1.36). */
export const kubernetesDir = "/etc/kubernetes";
export const manifestsDir = `${kubernetesDir}/manifests`;
export const kubeletDir = "/var/lib/kubelet";
export const etcdDataDir = "/var/lib/etcd";
/** Where kboot puts binaries, and units of systemd. */
export const binDir = "/usr/local/bin";
export const unitDir = "/etc/systemd/system";
export const cniBinDir = "/opt/cni/bin";
export const cniConfDir = "/etc/cni/net.d";
export const containerdConfigFile = "/etc/containerd/config.toml";
export const criSocket = "unix:///var/run/containerd/containerd.sock";
