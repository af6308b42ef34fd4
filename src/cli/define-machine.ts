import { type Command, Option } from "commander";
import type { Define } from "./define.ts";

const inventoryHelp = "do the same to the hosts of an inventory, over SSH; the inventory says all the rest";

/** An option that may be repeated; unlike a list of words it leaves what follows to the command. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(",")];
}

/** Options of the commands that a machine takes itself, and of their counterparts for the hosts of an inventory. */
function onMachine(command: Command): Command {
  return command
    .option("--node-name <name>", "what the node is called (default: the machine's host name, in lower case)")
    .option("--ignore-preflight-errors <check,...>", "checks whose failure is only told, by kubeadm's names or kboot's; all")
    .option(
      "--source <source>",
      "where binaries and images come from, best first; may be repeated: a bundle's directory, a mirror's URL, registry:ADDRESS, upstream",
      collect,
    )
    .option("--cri-socket <path>", "where the container runtime listens: containerd's own socket is the one there is")
    .option("--patches <folder>", "changes to rendered objects: files target[suffix][+type].yaml or .json, as kubeadm takes them")
    .option("--dry-run", "plan only, change nothing")
    .addOption(new Option("--output <form>", "text for people, or one event a line").choices(["text", "json"]).default("text"));
}

function withInitFlags(command: Command): Command {
  return onMachine(command)
    .option("--apiserver-advertise-address <ip>", "the address that the API server announces (default: of the default route's interface)")
    .option("--apiserver-bind-port <port>", "the port on which the API server listens (default: 6443)")
    .option("--apiserver-cert-extra-sans <name,...>", "more names and addresses for the API server's certificate")
    .option("--cert-dir <path>", "where certificates and keys are kept (default: /etc/kubernetes/pki)")
    .option("--config <file>", "a file of kubeadm's documents, and of kboot's own Cluster without hosts; flags go over it")
    .option("--control-plane-endpoint <host[:port]>", "a name or address of the API that outlives this machine")
    .option("--image-repository <registry>", "where the control plane's images come from (default: registry.k8s.io)")
    .option("--kubernetes-version <version>", "1.36.3, stable-1, stable-1.36 (default: the bundle's, else the newest known)")
    .option("--network <plugin>", "the pod network: weave-net, flannel, none")
    .option("--pod-network-cidr <cidr>", "addresses of pods")
    .option("--service-cidr <cidr>", "addresses of Services")
    .option("--service-dns-domain <domain>", "the domain of Services")
    .option("--token <token>", "the token for workers (default: a new one)")
    .option("--token-ttl <duration>", "how long it lives; 0 for ever (default: 24h0m0s)")
    .option("--skip-token-print", "do not show the token at the end");
}

/** `kboot init` and `kboot join`, as kubeadm has them. */
export function defineMachine(program: Command, define: Define): void {
  const init = withInitFlags(
    define(
      program,
      "init",
      "make this machine the control plane of a new cluster, as kubeadm does",
      "kboot init --pod-network-cidr 10.244.0.0/16",
      async () => (await import("./init.ts")).init,
    ),
  )
    .option("--inventory <file>", inventoryHelp)
    .option("--skip-phases <phase,...>", "kubeadm's phases that are left out");
  withInitFlags(
    define(
      init,
      "phase",
      "one of kubeadm's phases of init alone",
      "kboot init phase kubeconfig admin",
      async () => (await import("./init.ts")).initPhase,
    ),
  ).argument("<phase...>", "the phase, and its sub-phase");
  onMachine(
    define(
      program,
      "join",
      "make this machine a worker of a cluster, as kubeadm does",
      "kboot join 10.0.0.5:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:...",
      async () => (await import("./join.ts")).join,
    ),
  )
    .option("--inventory <file>", inventoryHelp)
    .argument("[endpoint]", "where the API of the cluster is: host:port")
    .option("--config <file>", "a file of kubeadm's documents, and of kboot's own Cluster without hosts; flags go over it")
    .option("--token <token>", "for finding the cluster and for the first certificate")
    .option("--discovery-token <token>", "for finding the cluster alone")
    .option("--tls-bootstrap-token <token>", "for the first certificate alone")
    .option("--discovery-token-ca-cert-hash <hash>", "of the cluster's CA: sha256:<hex>; may be repeated", collect)
    .option("--discovery-token-unsafe-skip-ca-verification", "believe whoever knows the token")
    .option("--discovery-file <file>", "a kubeconfig that says where the cluster is: a path, or an https URL")
    .option("--skip-phases <phase,...>", "kubeadm's phases that are left out");
}
