import type { AnyResource, Step } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import { auditPolicyFile } from "../kubernetes/audit.ts";
import { nearest } from "../suggest.ts";

/** A step, or some of its resources. */
interface Part {
  readonly step: string;
  /** Undefined: all of the step. */
  takes?(resourceId: string): boolean;
  /** What the phase needs and makes where it is missing; it is no part of the phase where that is skipped. */
  readonly isNeed?: boolean;
  /** A wait for the phase among others: it is left out with the phase, and is no part of the phase alone. */
  readonly isWait?: boolean;
}

/** What a phase of kubeadm is here. */
interface Phase {
  readonly parts?: readonly Part[];
  /** What the command does before or after the way. */
  readonly around?: "checks" | "token" | "message";
  /** Why there is no counterpart. */
  readonly reason?: string;
}

const whole = (...steps: readonly string[]): Phase => ({ parts: steps.map((step) => ({ step })) });
const of = (...parts: readonly Part[]): Phase => ({ parts });
const some = (step: string, ...ids: readonly string[]): Part => ({ step, takes: (id) => ids.includes(id) });
const need = (part: Part): Part => ({ ...part, isNeed: true });
const directories = (step: string): Part => need({ step, takes: (id) => id.startsWith("directory:") });
const secret = (name: string): Part => some("shared-secrets", `shared-secret:${name}`);
const authority = (name: string): Phase => of(directories("shared-secrets"), secret(name));
const certificate = (name: string, ca: string): Phase =>
  of(directories("shared-secrets"), need(secret(ca)), some("certificates", `certificate:${name}`));
const kubeconfig = (name: string): Phase =>
  of(directories("shared-secrets"), need(secret("ca")), some("kubeconfigs", `kubeconfig:/etc/kubernetes/${name}`));
/** Files that belong to a static pod. */
const ofPod: Readonly<Record<string, readonly string[]>> = { "kube-apiserver": [`file:${auditPolicyFile}`] };
const staticPods = (...names: readonly string[]): Phase =>
  of(directories("control-plane"), some("control-plane", ...names.flatMap((name) => [...(ofPod[name] ?? []), `static-pod:${name}`])));
const addonsReady: Part = { step: "addons-ready", isWait: true };
/** Objects by their names; roles and bindings have those of what they allow. */
const objects = (...names: readonly string[]): Part => ({
  step: "cluster-config",
  takes: (id) => names.includes(id.slice(id.lastIndexOf("/") + 1)),
});
const kubeadmObjects = objects("kubeadm-config", "kubeadm:nodes-kubeadm-config");
const bootstrapObjects = objects(
  "kubeadm:kubelet-bootstrap",
  "kubeadm:node-autoapprove-bootstrap",
  "kubeadm:node-autoapprove-certificate-rotation",
  "kubeadm:get-nodes",
  "cluster-info",
  "kubeadm:bootstrap-signer-clusterinfo",
);
const kubeletObjects = objects("kubelet-config", "kubeadm:kubelet-config");

/**
 * kubeadm's phases of `init`, with their sub-phases as `PHASE/SUB`. A sub-phase of `certs` or `kubeconfig` includes the authority that
 * signs, since that is made where it is missing.
 */
const initPhases: Readonly<Record<string, Phase>> = {
  preflight: { around: "checks" },
  certs: whole("shared-secrets", "certificates"),
  "certs/ca": authority("ca"),
  "certs/apiserver": certificate("apiserver", "ca"),
  "certs/apiserver-kubelet-client": certificate("apiserver-kubelet-client", "ca"),
  "certs/front-proxy-ca": authority("front-proxy-ca"),
  "certs/front-proxy-client": certificate("front-proxy-client", "front-proxy-ca"),
  "certs/etcd-ca": authority("etcd-ca"),
  "certs/etcd-server": certificate("etcd-server", "etcd-ca"),
  "certs/etcd-peer": certificate("etcd-peer", "etcd-ca"),
  "certs/etcd-healthcheck-client": certificate("etcd-healthcheck-client", "etcd-ca"),
  "certs/apiserver-etcd-client": certificate("apiserver-etcd-client", "etcd-ca"),
  "certs/sa": authority("sa"),
  kubeconfig: of(directories("shared-secrets"), need(secret("ca")), { step: "kubeconfigs" }),
  "kubeconfig/admin": kubeconfig("admin.conf"),
  "kubeconfig/super-admin": kubeconfig("super-admin.conf"),
  "kubeconfig/kubelet": kubeconfig("kubelet.conf"),
  "kubeconfig/controller-manager": kubeconfig("controller-manager.conf"),
  "kubeconfig/scheduler": kubeconfig("scheduler.conf"),
  etcd: staticPods("etcd"),
  "etcd/local": staticPods("etcd"),
  "control-plane": staticPods("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
  "control-plane/apiserver": staticPods("kube-apiserver"),
  "control-plane/controller-manager": staticPods("kube-controller-manager"),
  "control-plane/scheduler": staticPods("kube-scheduler"),
  "kubelet-start": whole("kubernetes", "kubelet-config", "kubelet"),
  "wait-control-plane": whole("api"),
  "upload-config": of(kubeadmObjects, kubeletObjects),
  "upload-config/kubeadm": of(kubeadmObjects),
  "upload-config/kubelet": of(kubeletObjects),
  "upload-certs": { reason: "kboot joins no further control planes yet, so there is nobody to upload certificates for" },
  "mark-control-plane": whole("node-marks"),
  "bootstrap-token": { parts: [bootstrapObjects], around: "token" },
  "kubelet-finalize": { reason: "kubelet.conf names the certificate that the kubelet renews from the beginning" },
  "kubelet-finalize/enable-client-cert-rotation": {
    reason: "kubelet.conf names the certificate that the kubelet renews from the beginning",
  },
  addon: of({ step: "coredns" }, { step: "kube-proxy" }, addonsReady),
  "addon/coredns": of({ step: "coredns" }, addonsReady),
  "addon/kube-proxy": of({ step: "kube-proxy" }, addonsReady),
  "show-join-command": { around: "message" },
};

/** kubeadm's phases of `join` on a worker. */
const joinPhases: Readonly<Record<string, Phase>> = {
  preflight: { around: "checks" },
  "kubelet-start": whole("kubernetes", "kubelet-config", "join", "worker-kubelet"),
  "kubelet-wait-bootstrap": whole("node-marks", "node-ready"),
  "control-plane-prepare": { reason: "a worker has no control plane" },
  "etcd-join": { reason: "a worker has no etcd" },
  "control-plane-join": { reason: "a worker has no control plane" },
  "wait-control-plane": { reason: "a worker has no control plane" },
};

const tables = { init: initPhases, join: joinPhases } as const;

/** Which parts of a command are done. */
export interface Phases {
  takesStep(step: string): boolean;
  takesResource(step: string, resourceId: string): boolean;
  readonly checks: boolean;
  readonly token: boolean;
  readonly message: boolean;
}

/** All but these phases. Throws KbootError `usage` for a name that is no phase. */
export function skipPhases(command: keyof typeof tables, names: readonly string[]): Phases {
  const phases = names.map((name) => phaseOf(command, name));
  const parts = phases.flatMap((phase) => phase.parts ?? []).filter(({ isNeed }) => !isNeed);
  return {
    takesStep: (step) => !parts.some((part) => part.step === step && part.takes === undefined),
    takesResource: (step, id) => !parts.some((part) => part.step === step && part.takes?.(id)),
    checks: phases.every(({ around }) => around !== "checks"),
    token: phases.every(({ around }) => around !== "token"),
    message: phases.every(({ around }) => around !== "message"),
  };
}

/** This phase alone. Throws KbootError `usage` for a name that is no phase, and for one that kboot has no counterpart of. */
export function onlyPhase(command: keyof typeof tables, name: string): Phases {
  const phase = phaseOf(command, name);
  if (phase.reason !== undefined) {
    throw new KbootError("usage", `kboot has no counterpart of kubeadm's phase ${name}: ${phase.reason}`, { hint: "leave it out" });
  }
  const parts = (phase.parts ?? []).filter(({ isWait }) => !isWait);
  return {
    takesStep: (step) => parts.some((part) => part.step === step),
    takesResource: (step, id) => parts.some((part) => part.step === step && (part.takes?.(id) ?? true)),
    checks: true,
    token: phase.around === "token",
    message: phase.around === "message",
  };
}

function phaseOf(command: keyof typeof tables, name: string): Phase {
  const table = tables[command];
  // kubeadm has a sub-phase `all` in every group
  const phase = table[name.replace(/\/all$/, "")];
  if (phase !== undefined) return phase;
  const meant = nearest(name, Object.keys(table));
  throw new KbootError("usage", `kubeadm ${command} has no phase ${name}`, {
    hint: `${meant === undefined ? "" : `did you mean ${meant}? `}phases are ${Object.keys(table).join(", ")}`,
  });
}

/** The way with the resources of these phases alone; `idOf` names a resource. */
export function limitWay<Live>(way: readonly Step<Live>[], phases: Phases, idOf: (resource: AnyResource) => string): readonly Step<Live>[] {
  return way.map((step) => {
    const { resources } = step;
    if (resources === undefined) return step;
    return {
      ...step,
      resources: (site, host) => resources.call(step, site, host).filter((resource) => phases.takesResource(step.id, idOf(resource))),
    };
  });
}
