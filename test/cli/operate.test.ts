import test from "ava";
import { createSelect, identify, type Selection } from "../../src/cli/operate.ts";
import { KbootError } from "../../src/errors.ts";
import type { Cluster } from "../../src/inventory/cluster.ts";

const cluster = { hosts: [{ name: "cp1" }, { name: "worker1" }] } as unknown as Cluster;

const selects = test.macro((t, selection: Selection, expected: readonly string[]) => {
  const select = createSelect(cluster, selection);
  const pairs = ["cp1", "worker1", "cluster"].flatMap((host) => ["kernel", "containerd"].map((step) => [host, step] as const));
  t.deepEqual(
    pairs.filter(([host, step]) => select(host, step)).map(([host, step]) => `${host} ${step}`),
    expected,
  );
});

test("without options a run is about everything", selects, {}, [
  "cp1 kernel",
  "cp1 containerd",
  "worker1 kernel",
  "worker1 containerd",
  "cluster kernel",
  "cluster containerd",
]);
test("--only keeps the named steps", selects, { only: ["kernel"] }, ["cp1 kernel", "worker1 kernel", "cluster kernel"]);
test("--skip leaves the named steps out", selects, { skip: ["kernel"] }, ["cp1 containerd", "worker1 containerd", "cluster containerd"]);
test("--limit keeps the named hosts, and the cluster is one", selects, { limit: ["worker1", "cluster"], only: ["kernel"] }, [
  "worker1 kernel",
  "cluster kernel",
]);
test("what is both named and skipped is skipped", selects, { only: ["kernel"], skip: ["kernel"] }, []);

test("all unknown names are told at once, with those that are known", (t) => {
  const error = t.throws(() => createSelect(cluster, { limit: ["cp1", "cp2", "cp3"] }), { instanceOf: KbootError });
  t.like(error, { code: "usage", message: "there is no host cp2, cp3", hint: "did you mean cp1? hosts are cp1, worker1, cluster" });
});

test("a run names its user, machine, command and process, and its id is safe in a path", (t) => {
  const { id, owner, mode } = identify("apply", "change");
  t.is(mode, "change");
  t.regex(owner, new RegExp(`^\\S+@\\S+, kboot apply, pid ${process.pid}$`));
  t.regex(id, new RegExp(`^\\d{8}T\\d{6}-${process.pid}$`));
});
