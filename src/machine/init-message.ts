export interface InitMessage {
  /** The line that makes a machine a worker; undefined: none is printed. */
  readonly join: string | undefined;
  /** True where the pod network is left to the user. */
  readonly needsNetwork: boolean;
}

/** What a user can do after `kboot init`; the commands and their order are kubeadm's. It may hold a token. */
export function printInitMessage({ join, needsNetwork }: InitMessage): string {
  const parts = [
    "The control plane runs.",
    "kubectl finds it as a normal user after:",
    [
      "  mkdir -p $HOME/.kube",
      "  sudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config",
      "  sudo chown $(id -u):$(id -g) $HOME/.kube/config",
    ].join("\n"),
    "and as root after:",
    "  export KUBECONFIG=/etc/kubernetes/admin.conf",
    ...(needsNetwork ? ["No pod network was asked for. Nodes become Ready once you install one:", "  kubectl apply -f NETWORK.yaml"] : []),
    ...(join === undefined ? [] : ["Any machine becomes a worker by this, as root:", join]),
  ];
  return `\n${parts.join("\n\n")}\n`;
}
