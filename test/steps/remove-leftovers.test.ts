import test from "ava";
import type { AnyResource, Site, Step } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { file } from "../../src/resources/file.ts";
import { sysctl } from "../../src/resources/sysctl.ts";
import { removeLeftovers } from "../../src/steps/remove-leftovers.ts";

/** Ids of what goes from a host with this record, of which these resources are wished; undefined: a host without a record. */
function leftovers(made: Readonly<Record<string, readonly string[]>> | undefined, wished: readonly AnyResource[]): readonly string[] {
  const record = Object.entries(made ?? {}).map(([id, paths]) => [id, { paths, before: null }]);
  const state = made === undefined ? undefined : JSON.stringify({ version: 1, cluster: "lab", made: Object.fromEntries(record) });
  const site = { cluster: { hosts: [{ name: "w1" }] }, facts: new Map([["w1", { state }]]) } as unknown as Site<Live>;
  const wishing: Step<Live> = { id: "one", title: "One", on: () => ["w1"], after: [], resources: () => wished };
  const found = removeLeftovers([wishing]).resources?.(site, "w1") ?? [];
  return found.map((resource) => (resource as AnyResource & { id: string }).id);
}

test("what is on record and not wished any more goes, the latest first; what is wished stays", (t) => {
  const made = { "file:/etc/a": ["/etc/a"], "file:/etc/b": ["/etc/b"], "sysctl:net.core.somaxconn": [] };
  t.deepEqual(leftovers(made, [file("/etc/a", "")]), ["sysctl:net.core.somaxconn", "file:/etc/b"]);
  t.deepEqual(leftovers(made, [file("/etc/a", ""), file("/etc/b", ""), sysctl("net.core.somaxconn", "1")]), []);
});

test("a path that another thing has taken over is left to it, and so are images and packages", (t) => {
  const made = {
    "absent:/etc/a": ["/etc/a"],
    "container-image:example.com/one:1": [],
    "package:containerd": ["/var/lib/dpkg/info/containerd.list"],
  };
  t.deepEqual(leftovers(made, [file("/etc/a", "")]), []);
});

test("a host without a record has nothing to lose", (t) => {
  t.deepEqual(leftovers(undefined, []), []);
});
