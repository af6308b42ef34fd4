import type { ActionContext, Api, KubernetesObject } from "../engine/contracts.ts";
import type { Inspect } from "../engine/wait.ts";
import { catalogue, type ErrorCode } from "../errors/catalogue.ts";
import { diagnose } from "../errors/diagnoses.ts";
import { isTransient, KbootError } from "../errors.ts";
import { quote } from "../host/quote.ts";
import { isForbidden } from "../kubernetes/api.ts";
import type { Live } from "../kubernetes/live.ts";
import { newestPods } from "../kubernetes/newest-pods.ts";
import { isBeingMade, type PodFault, readPodFault } from "../kubernetes/pod-fault.ts";
import { workloadName } from "../kubernetes/workload-name.ts";
import { networkPlugin } from "../network/index.ts";

/** So long nobody asks, since most things come. */
const firstLookSeconds = 8;

/** A fault that is still there after so long stays: the kubelet tries what it can try again every 15 s at most, whatever else it holds back. */
const patienceSeconds = 24;

/** A container is given up when it has ended this often and ended again while it was waited for: until then it may wait for another. */
const restartsBorne = 3;

/** What making a pod may take before its warnings count. */
const makingSeconds = 14;

/**
 * Looks for pods of workloads that will not come to run: images that are not there, containers that end again and again, pods that no node takes or
 * for which no sandbox can be made. With `node`, only for those there. While the API is silent, nothing is found.
 */
export function lookAtPods(context: ActionContext<Live>, workloads: readonly string[], node?: string): Inspect {
  const memory = new Memory();
  return async (what, waitedSeconds, isLast) => {
    if (waitedSeconds < firstLookSeconds && !isLast) return undefined;
    try {
      const api = await context.api();
      for (const workload of workloads) {
        for (const pod of await newestPods(api, workload, node, context.signal)) {
          const fault = readPodFault(pod) ?? (await findStuck(api, pod, memory, waitedSeconds, isLast, context.signal));
          if (fault !== undefined && (memory.isLasting(fault, waitedSeconds) || isLast)) {
            return await tell(context, workload, fault, `waited ${waitedSeconds} s in vain for ${what}`);
          }
        }
      }
      return undefined;
    } catch (error) {
      // a machine that joins by itself may not see pods
      if (isTransient(error) || isForbidden(error)) return undefined;
      throw error;
    }
  };
}

/** What earlier looks have seen, so that what comes and goes is told from what stays. */
class Memory {
  readonly #firstSeen = new Map<string, number>();
  readonly #counted = new Map<string, number>();

  isLasting({ pod, container, reason, restarts, isStartError }: PodFault, waitedSeconds: number): boolean {
    const key = `${pod.uid}/${container}`;
    if (reason !== "CrashLoopBackOff") return this.since(`${key}/${reason}`, waitedSeconds) >= patienceSeconds;
    return this.hasGrown(key, restarts) && restarts >= (isStartError ? 1 : restartsBorne);
  }

  /** Whether a count is higher than when it was first seen: what was so before anybody looked may be mended since. */
  hasGrown(key: string, count: number): boolean {
    const first = this.#counted.get(key) ?? count;
    this.#counted.set(key, first);
    return count > first;
  }

  /** For how many seconds it has been seen. */
  since(key: string, waitedSeconds: number): number {
    const first = this.#firstSeen.get(key) ?? waitedSeconds;
    this.#firstSeen.set(key, first);
    return waitedSeconds - first;
  }
}

/** What the events of a pod that has been in the making for long warn of once more. */
async function findStuck(
  api: Api,
  pod: KubernetesObject,
  memory: Memory,
  waitedSeconds: number,
  isLast: boolean,
  signal: AbortSignal,
): Promise<PodFault | undefined> {
  if (!isBeingMade(pod)) return undefined;
  const { name, namespace = "", uid } = pod.metadata as typeof pod.metadata & { readonly uid: string };
  if (memory.since(uid, waitedSeconds) < makingSeconds && !isLast) return undefined;
  const events = await api.list("v1", "Event", { namespace, fieldSelector: `involvedObject.uid=${uid},type=Warning` }, signal);
  const last = (events as readonly EventShape[]).toSorted((one, other) => timeOf(one) - timeOf(other)).at(-1);
  const { nodeName } = pod["spec"] as { readonly nodeName?: string };
  if (last === undefined || !(memory.hasGrown(uid, timeOf(last)) || isLast)) return undefined;
  const own = { pod: { namespace, name, uid }, node: nodeName, container: undefined, restarts: 0, isStartError: false };
  return { ...own, reason: last.reason ?? "Warning", message: last.message ?? "" };
}

interface EventShape {
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

function timeOf({ lastTimestamp, eventTime }: EventShape): number {
  return new Date(lastTimestamp ?? eventTime ?? 0).getTime();
}

/** The error that names host, pod, container and reason, with the last that the container said. */
async function tell(context: ActionContext<Live>, workload: string, fault: PodFault, waited: string): Promise<KbootError> {
  const { cluster } = context.site;
  const { pod, container, node, reason, message, restarts } = fault;
  const host = cluster.hosts.find(({ nodeName }) => nodeName === node)?.name;
  const said = host === undefined ? [] : await lastWords(context, host, fault);
  const plugin = networkPlugin(cluster);
  const isNetwork = plugin !== undefined && workload === workloadName(plugin.daemonSet);
  const known = diagnose([reason, message, ...said].join("\n"))?.code;
  const code: ErrorCode = known ?? (isNetwork ? "network-not-ready" : "pod-failed");
  const which = `pod ${pod.namespace}/${pod.name}${container === undefined ? "" : `, container ${container}`}`;
  const often = restarts === 0 ? "" : ` after ${restarts} restarts`;
  const lines = [`${waited}: ${catalogue[code].title}`, `${which}: ${reason}${often}${message === "" ? "" : `: ${message}`}`, ...said];
  const logs = container === undefined ? "" : `, and \`kubectl -n ${pod.namespace} logs ${pod.name} -c ${container} --previous\``;
  const next = known === undefined ? "" : `; ${catalogue[known].next[0]}`;
  return new KbootError(code, lines.join("\n  "), {
    where: host === undefined ? {} : { host },
    hint: `\`kubectl -n ${pod.namespace} describe pod ${pod.name}\`${logs}${next}`,
  });
}

/** The last lines of a container's log on its host. None where it has no log, or where the host cannot be asked. */
async function lastWords({ reach, signal }: ActionContext<Live>, host: string, { pod, container }: PodFault): Promise<readonly string[]> {
  if (container === undefined) return [];
  const folder = quote(`/var/log/pods/${pod.namespace}_${pod.name}_${pod.uid}/${container}`);
  // each line is a time, a stream, a tag, and what was said
  const body = `cd ${folder} 2>/dev/null || exit 0; for log in $(ls -t *.log | head -n 1); do tail -n 4 "$log" | cut -d ' ' -f 4-; done`;
  try {
    const { stdout } = await reach(host).run({ label: "read a pod's log", body }, { signal });
    return stdout
      .toString("utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
  } catch (error) {
    if (signal.aborted || !(error instanceof KbootError)) throw error;
    return [];
  }
}
