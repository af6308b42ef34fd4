#!/bin/sh
# From bare hosts to a cluster with kubeadm, as fast as a plain script can. kubeadm.ts prepares FOLDER.
# usage: kubeadm.sh FOLDER SSH_CONFIG CONTROL_PLANE WORKER...
# Prints what is done, a line each: seconds since the epoch, what, host.
set -eu
folder=$1 config=$2 control_plane=$3
shift 3
sockets=$(mktemp -d)
trap 'for host in "$control_plane" "$@"; do disconnect "$host"; done; rm -rf "$sockets"' EXIT
trap 'exit 130' INT TERM

ssh_to() { ssh -F "$config" -o "ControlPath=$sockets/%C" -o LogLevel=ERROR "$@"; }
connect() { ssh_to -o ControlMaster=yes -o Ciphers=aes128-gcm@openssh.com -fN "$1" > /dev/null 2>> "$folder/$1.log"; }
disconnect() { ssh_to -O exit "$1" 2> /dev/null || true; }

# on HOST COMMAND: as root, what it says goes to the host's log
on() {
  to=$1
  shift
  ssh_to "$to" "sudo $*" 2>> "$folder/$to.log"
}
mark() { echo "$(date +%s.%N) $*"; }

install_programs() {
  on "$1" "sh -c 'gzip -dc > /usr/local/bin/kubelet && chmod 0755 /usr/local/bin/kubelet &&
    ln /usr/local/bin/kubelet /usr/local/bin/kubeadm && ln /usr/local/bin/kubelet /usr/local/bin/kubectl'" < "$folder/kubernetes.gz"
  mark programs "$1"
}

install_runtime() {
  on "$1" tar -xC / -f - < "$folder/$1.tar"
  on "$1" tar -xzC /usr/local --no-same-owner -f - bin/containerd bin/containerd-shim-runc-v2 bin/ctr < "$folder/containerd.tar.gz"
  on "$1" "sh -c 'gzip -dc > /usr/local/bin/runc && chmod 0755 /usr/local/bin/runc'" < "$folder/runc.gz"
  on "$1" "sh -c '
    modprobe -aq overlay br_netfilter || true
    sysctl -q -p /etc/sysctl.d/99-kubernetes.conf
    systemctl daemon-reload
    systemctl enable -q kubelet
    systemctl enable -q --now containerd'"
  mark containerd "$1"
  on "$1" tar -xzC /opt/cni/bin --no-same-owner -f - bridge host-local loopback portmap < "$folder/cni-plugins.tar.gz"
}

# install HOST ROLE: programs beside the container runtime and its images
install() {
  connect "$1"
  mark connected "$1"
  install_programs "$1" &
  programs=$!
  install_runtime "$1"
  on "$1" ctr -n k8s.io images import - < "$folder/$2.images.tar" > /dev/null
  mark images "$1"
  wait "$programs"
}

# Prints how the cluster is to be trusted. A file spares joining nodes kubeadm's wait for a signed cluster-info, which it asks for every 5 s.
initialize() {
  # its advice names the token
  on "$control_plane" kubeadm init --config /etc/kubeadm.yaml > /dev/null
  on "$control_plane" "$kubectl get configmap cluster-info --namespace kube-public --output 'jsonpath={.data.kubeconfig}'" > "$folder/discovery.conf"
}

join() {
  on "$1" "sh -c 'cat > /etc/kubernetes/discovery.conf && kubeadm join --config /etc/kubeadm.yaml'" < "$folder/discovery.conf" >> "$folder/$1.log"
  mark joined "$1"
}

wait_for_all() {
  status=0
  for job in $1; do wait "$job" || status=$?; done
  [ "$status" = 0 ] || exit "$status"
}

kubectl="kubectl --kubeconfig /etc/kubernetes/admin.conf"
mark started

jobs=
for worker in "$@"; do
  install "$worker" worker &
  jobs="$jobs $worker:$!"
done
install "$control_plane" control-plane
initialize
mark initialized "$control_plane"

# sh can wait for children of its own only, hence here; by now the workers are long prepared
on "$control_plane" "$kubectl apply --server-side -f -" < "$folder/network.json" > /dev/null &
network=$!
joins=$network
for entry in $jobs; do
  wait "${entry##*:}"
  join "${entry%%:*}" &
  joins="$joins $!"
done
wait_for_all "$joins"

nodes=$(printf ' node/%s' "$control_plane" "$@")
# told several nodes at once, --for=create fails for those that are late
on "$control_plane" "sh -ec '
  for node in $nodes; do $kubectl wait --for=create --timeout=240s \$node; done
  $kubectl wait --for=condition=Ready --timeout=240s $nodes'" > /dev/null
mark ready
on "$control_plane" "sh -ec '
  for workload in kube-system:daemonset/kube-proxy kube-flannel:daemonset/kube-flannel-ds kube-system:deployment/coredns; do
    $kubectl rollout status --timeout=240s --namespace \${workload%%:*} \${workload#*:}
  done'" > /dev/null
mark finished
