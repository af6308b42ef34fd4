import type { EngineEvent } from "../../../src/engine/events.ts";
import type { Interruption, Plan } from "../../../src/engine/plan.ts";
import { KbootError } from "../../../src/errors.ts";

type Untimed<E> = E extends EngineEvent ? Omit<E, "at"> & { readonly at?: number } : never;

export const plan: Plan = [
  {
    host: "cp1",
    step: "containerd",
    title: "Install containerd",
    changes: [
      { id: "file:/etc/a", differences: [{ what: "content", from: "one\ntwo\n", to: "one\nthree\n" }] },
      { id: "file:/etc/b", differences: [{ what: "mode", from: "0600", to: "0644" }, { what: "owner" }] },
      { id: "certificate:apiserver", differences: [{ what: "SAN", from: "lacks 10.0.0.9" }] },
      { id: "file:/etc/c", differences: [{ what: "content", to: "-- a\n++ b\n" }] },
    ],
    action: undefined,
    decidedLater: false,
  },
  { host: "worker1", step: "join", title: "Join the cluster", changes: [], action: "join with a one-time token", decidedLater: false },
  { host: "cluster", step: "coredns", title: "Install CoreDNS", changes: [], action: "wait until it runs", decidedLater: true },
];

export const interruptions: readonly Interruption[] = [
  { host: "cp1", what: "containerd", reason: "/etc/a changes", effect: "pods keep running" },
];

/** Gives events the times 1000, 1100, 1200 and so on, but for those that have one. */
export function record(...events: readonly Untimed<EngineEvent>[]): readonly EngineEvent[] {
  return events.map((event, index) => ({ at: 1000 + index * 100, ...event }) as EngineEvent);
}

export const failure = new KbootError("script", "join the cluster failed: exit code 2", {
  where: { host: "worker1", address: "192.0.2.21", step: "join" },
  hint: "is the API reachable from there?",
  script: { label: "join", exitCode: 2, stderr: "connecting\nno route to host\n" },
});

/** An apply on two hosts, one of which fails. */
export const story = record(
  { type: "run-started", version: 1, run: "r1", cluster: "lab", hosts: ["cp1", "worker1", "worker2"] },
  { type: "host-reached", host: "cp1", seconds: 0.2 },
  {
    type: "host-set-aside",
    host: "worker2",
    error: new KbootError("unreachable", "nobody answers", { where: { host: "worker2", address: "192.0.2.22" }, hint: "is it on?" }),
  },
  { type: "waiting", host: "cp1", text: "waiting for a script of an earlier run: import images" },
  { type: "problem", check: "memory", code: "out-of-memory", host: "cp1", message: "1 GB is little", hint: "give it 2 GB", ignored: true },
  { type: "problem", check: "swap", code: "check", host: undefined, message: "swap is on", hint: "switch it off", ignored: false },
  { type: "planned", plan, interruptions: [], willApply: true },
  { type: "step-started", host: "cp1", step: "containerd", title: "Install containerd", readyAt: 1650 },
  { type: "step-bytes", host: "cp1", step: "containerd", sent: 12_000_000, total: 34_000_000 },
  {
    type: "step-started",
    host: "worker1",
    step: "join",
    title: "Join the cluster",
    readyAt: 1650,
    waitedFor: { host: "cp1", step: "cluster-config" },
  },
  { at: 2800, type: "step-bytes", host: "cp1", step: "containerd", sent: 20_000_000, total: 34_000_000 },
  { type: "step-progress", host: "worker1", step: "join", text: "waiting for the certificate" },
  { type: "script-finished", host: "cp1", label: "Install containerd", seconds: 1.2, bytes: 34_000_000, exitCode: 0, stderr: "" },
  { type: "step-finished", host: "cp1", step: "containerd", seconds: 1.25, changes: 2 },
  { type: "step-failed", host: "worker1", step: "join", seconds: 3.14, error: failure },
  { type: "run-finished", ok: false, seconds: 4.2, trips: { cp1: 3, worker1: 4 } },
);
