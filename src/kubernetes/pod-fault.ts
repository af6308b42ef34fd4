import type { KubernetesObject } from "../engine/contracts.ts";

/** Why a pod does not run, as the API shows it. */
export interface PodFault {
  readonly pod: PodName;
  /** Undefined: no node has taken it. */
  readonly node: string | undefined;
  /** Undefined: it is about the pod as a whole. */
  readonly container: string | undefined;
  /** Kubernetes' word: `ImagePullBackOff`, `CrashLoopBackOff`, `Unschedulable`, ... */
  readonly reason: string;
  readonly message: string;
  /** How often the container was started again; 0 for anything but a container that keeps ending. */
  readonly restarts: number;
  /** Trying again gives the same: the container's program cannot even be started. */
  readonly isStartError: boolean;
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
  readonly lastState?: { readonly terminated?: { readonly reason?: string; readonly message?: string; readonly exitCode?: number } };
}

interface PodShape {
  readonly metadata: PodName & { readonly deletionTimestamp?: unknown };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** What a container waits for in the normal course; only events tell when it does so in vain. */
const onItsWay = new Set(["ContainerCreating", "PodInitializing"]);

/** What is wrong with a pod now; undefined for one that runs, is about to go, or is only on its way. */
export function readPodFault(object: KubernetesObject): PodFault | undefined {
  const { metadata, spec, status } = object as unknown as PodShape;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const pod = { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
  const own = { pod, node: spec?.nodeName, restarts: 0, isStartError: false };
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason !== undefined) {
    return { ...own, container: undefined, reason: scheduled.reason, message: scheduled.message ?? "" };
  }
  for (const { name, restartCount = 0, state, lastState } of containersOf(status)) {
    const { reason, message = "" } = state?.waiting ?? {};
    if (reason === undefined || onItsWay.has(reason)) continue;
    if (reason !== "CrashLoopBackOff") return { ...own, container: name, reason, message };
    const ended = lastState?.terminated;
    const how =
      ended === undefined ? [] : [`it ended with ${ended.reason ?? "an error"}, exit code ${ended.exitCode}`, ended.message ?? ""];
    return {
      ...own,
      container: name,
      reason,
      message: [...how, message].filter((part) => part !== "").join(": "),
      restarts: restartCount,
      isStartError: ended?.reason === "StartError" || ended?.reason === "ContainerCannotRun",
    };
  }
  return undefined;
}

/** True for a pod that a node has taken and that has a container which is still being made. */
export function isBeingMade(object: KubernetesObject): boolean {
  const { metadata, spec, status } = object as unknown as PodShape;
  if (metadata.deletionTimestamp !== undefined || spec?.nodeName === undefined) return false;
  return containersOf(status).some(({ state }) => onItsWay.has(state?.waiting?.reason ?? ""));
}

function containersOf(status: PodShape["status"]): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}
