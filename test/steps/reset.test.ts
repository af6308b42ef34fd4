import test from "ava";
import type { ActionContext, AnyResource, Made, Site } from "../../src/engine/contracts.ts";
import { assertWay } from "../../src/engine/pairs.ts";
import { KbootError } from "../../src/errors.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { resetWay } from "../../src/steps/reset/index.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster("{ name: cp1, role: control-plane, address: 192.0.2.1 }", "{ name: w1, role: worker, address: 192.0.2.2 }");

const down = { activeState: "inactive", unitFileState: "" };
const up = { activeState: "active", unitFileState: "enabled" };

function siteOf(made: Readonly<Record<string, Partial<Made>>>, nodes?: readonly string[]): Site<Live> {
  const state = JSON.stringify({ version: 1, cluster: "lab", made });
  const live = nodes === undefined ? undefined : { nodes: new Map(nodes.map((name) => [name, {}])) };
  return { cluster, facts: new Map([["w1", { state }]]), live } as unknown as Site<Live>;
}

/** What each step of the way back has to do on w1. */
function todo(site: Site<Live>, keepBinaries = false): Readonly<Record<string, unknown>> {
  const entries = resetWay({ keepBinaries }).map(({ id, action, resources }) => [
    id,
    resources?.(site, "w1").map((resource) => (resource as AnyResource & Made).id) ?? action?.isDone(site, "w1", new Set()) === false,
  ]);
  return Object.fromEntries(entries);
}

const made = {
  "file:/etc/a": { paths: ["/etc/a"], before: null },
  "binary:/usr/local/bin/containerd": { paths: ["/usr/local/bin/containerd"], before: null },
  "systemd-unit:containerd.service": { paths: [], before: down },
  "container-image:pause": { paths: [], before: null },
  "systemd-unit:kubelet.service": { paths: [], before: down },
};

test("each step of the way back comes after those that it names", (t) => {
  t.notThrows(() => assertWay(resetWay({ keepBinaries: false })));
});

test("a node leaves the cluster, ends, and what is on record goes, the latest first", (t) => {
  t.deepEqual(todo(siteOf(made, ["w1"])), {
    drain: true,
    "end-node": true,
    "delete-node": true,
    "take-away": Object.keys(made).toReversed(),
  });
  t.like(todo(siteOf(made, ["other"])), { drain: false, "end-node": true, "delete-node": false });
});

test("draining interrupts a node that is Ready, so that of several workers as many leave at once as the inventory allows", (t) => {
  const [drain] = resetWay({ keepBinaries: false });
  const interrupts = (site: Site<Live>) => drain?.interrupts?.(site, "w1", new Set());
  const withNode = (isReady: boolean) => ({ ...siteOf(made), live: { nodes: new Map([["w1", { isReady }]]) } as unknown as Live });
  t.true(interrupts(withNode(true)));
  t.false(interrupts(withNode(false)));
  t.false(interrupts(siteOf(made, ["other"])));
  t.false(interrupts(siteOf(made)));
  t.false(interrupts({ ...withNode(true), facts: new Map() }));
});

test("kept binaries and images stay on record, and go with the next reset", (t) => {
  const left = todo(siteOf(made), true)["take-away"];
  t.deepEqual(left, ["systemd-unit:kubelet.service", "systemd-unit:containerd.service", "file:/etc/a"]);
  const kept = { "binary:/usr/local/bin/containerd": made["binary:/usr/local/bin/containerd"] };
  t.deepEqual(todo(siteOf(kept)), {
    drain: false,
    "end-node": true,
    "delete-node": false,
    "take-away": ["binary:/usr/local/bin/containerd"],
  });
});

test("what ran before kboot is not ended, and a host without a record is left alone", (t) => {
  const others = { "file:/etc/a": made["file:/etc/a"], "systemd-unit:containerd.service": { paths: [], before: up } };
  t.like(todo(siteOf(others, ["w1"])), { drain: false, "end-node": false, "delete-node": false });
  t.deepEqual(todo(siteOf({}, ["w1"])), { drain: false, "end-node": false, "delete-node": false, "take-away": [] });
});

test("while the API is silent pods end with their node, and a node that cannot be deleted keeps the host's record", async (t) => {
  const silent = new KbootError("api", "the API of the cluster does not answer", { transient: true });
  const run = (id: string, said: string[] = []) => {
    const step = resetWay({ keepBinaries: false }).find((one) => one.id === id);
    const context = {
      site: siteOf(made),
      host: "w1",
      signal: new AbortController().signal,
      api: () => Promise.reject(silent),
      say: (text: string) => said.push(text),
    } as unknown as ActionContext<Live>;
    return step?.action?.run(context);
  };
  const said: string[] = [];
  await t.notThrowsAsync(async () => run("drain", said));
  t.deepEqual(said, ["the API does not answer, so its pods end with the node"]);
  const error = await t.throwsAsync<KbootError>(async () => run("delete-node"), { code: "api" });
  t.is(error?.message, "the API does not answer, so the node w1 stays in the cluster; the host keeps its record");
  t.regex(error?.hint ?? "", /^run the same reset again/);
});
