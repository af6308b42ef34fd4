/** An authority by the name that kubeadm gives it. */
export type AuthorityName = "ca" | "etcd-ca" | "front-proxy-ca";

/** Where an authority lies below the folder of certificates, without ending. */
export const authorityBases: Readonly<Record<AuthorityName, string>> = {
  ca: "ca",
  "etcd-ca": "etcd/ca",
  "front-proxy-ca": "front-proxy-ca",
};

/** A certificate of a control plane that kubeadm shows and renews. */
export interface ManagedCertificate {
  /** `etcd-server`; that of a kubeconfig is the file's own: `admin.conf`. */
  readonly name: string;
  /** As kubeadm calls it. */
  readonly title: string;
  readonly authority: AuthorityName;
  /** Where certificate and key lie below the folder of certificates, without ending. Undefined: in the kubeconfig. */
  readonly base?: string;
  /** Who reads it only when it starts. Undefined: whoever uses a copy of the file. */
  readonly usedBy?: string;
}

const kubeconfig = "certificate embedded in the kubeconfig file for";

/** In the order of their names (kubeadm/app/phases/certs/renewal/manager.go and certlist.go, v1.36). */
const all: readonly ManagedCertificate[] = [
  { name: "admin.conf", title: `${kubeconfig} the admin to use and for kubeadm itself`, authority: "ca" },
  { name: "apiserver", title: "certificate for serving the Kubernetes API", authority: "ca", base: "apiserver", usedBy: "kube-apiserver" },
  {
    name: "apiserver-etcd-client",
    title: "certificate the apiserver uses to access etcd",
    authority: "etcd-ca",
    base: "apiserver-etcd-client",
    usedBy: "kube-apiserver",
  },
  {
    name: "apiserver-kubelet-client",
    title: "certificate for the API server to connect to kubelet",
    authority: "ca",
    base: "apiserver-kubelet-client",
    usedBy: "kube-apiserver",
  },
  {
    name: "controller-manager.conf",
    title: `${kubeconfig} the controller manager to use`,
    authority: "ca",
    usedBy: "kube-controller-manager",
  },
  {
    name: "etcd-healthcheck-client",
    title: "certificate for liveness probes to healthcheck etcd",
    authority: "etcd-ca",
    base: "etcd/healthcheck-client",
    usedBy: "etcd",
  },
  {
    name: "etcd-peer",
    title: "certificate for etcd nodes to communicate with each other",
    authority: "etcd-ca",
    base: "etcd/peer",
    usedBy: "etcd",
  },
  { name: "etcd-server", title: "certificate for serving etcd", authority: "etcd-ca", base: "etcd/server", usedBy: "etcd" },
  {
    name: "front-proxy-client",
    title: "certificate for the front proxy client",
    authority: "front-proxy-ca",
    base: "front-proxy-client",
    usedBy: "kube-apiserver",
  },
  { name: "scheduler.conf", title: `${kubeconfig} the scheduler manager to use`, authority: "ca", usedBy: "kube-scheduler" },
  { name: "super-admin.conf", title: `${kubeconfig} the super-admin`, authority: "ca" },
];

/** What `kboot certs renew` takes. */
export const renewable: readonly string[] = [...all.map(({ name }) => name), "all"];

/** The certificates of a control plane; those of etcd only where it runs here. */
export function managedCertificates(hasLocalEtcd: boolean): readonly ManagedCertificate[] {
  return hasLocalEtcd ? all : all.filter(({ authority }) => authority !== "etcd-ca");
}

export function managedAuthorities(hasLocalEtcd: boolean): readonly AuthorityName[] {
  return hasLocalEtcd ? ["ca", "etcd-ca", "front-proxy-ca"] : ["ca", "front-proxy-ca"];
}
