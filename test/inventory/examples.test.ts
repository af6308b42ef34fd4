import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import test from "ava";
import { parse } from "yaml";
import { readInventory } from "../../src/inventory/read.ts";
import { inventorySchema } from "../../src/inventory/schema.ts";
import { schemaTakes } from "./refuses.ts";

const folder = new URL("../../inventory/", import.meta.url).pathname;

// a run leaves its log beside its inventory, and the schema stands there
const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

for (const name of names) {
  test(`inventory/${name} is valid, and named as its file`, async (t) => {
    const cluster = await readInventory(`${folder}${name}`);
    t.is(`${cluster.name}.yaml`, name);
    t.is(cluster.file, `${folder}${name}`);
  });
}

test("an editor takes every example by the schema that it names", async (t) => {
  t.true(names.length >= 4);
  for (const name of names) {
    const text = await readFile(`${folder}${name}`, "utf8");
    t.true(schemaTakes(text), name);
    t.true(text.startsWith("# yaml-language-server: $schema=kboot.schema.json\n"), name);
  }
});

test("the lab's inventory has what hosts that are containers need", async (t) => {
  const cluster = await readInventory(`${folder}lab.yaml`);
  t.deepEqual(
    cluster.hosts.map(({ name, address, role }) => `${name} ${address} ${role}`),
    ["cp1 192.168.56.11 control-plane", "worker1 192.168.56.21 worker", "worker2 192.168.56.22 worker"],
  );
  t.is(cluster.kubelet["failCgroupV1"], false);
  t.deepEqual(cluster.containerd, { plugins: { "io.containerd.cri.v1.runtime": { restrict_oom_score_adj: true } } });
  t.like(cluster.kubeProxy, { mode: "nftables", conntrack: { maxPerCore: 0, min: 0 } });
  t.deepEqual(cluster.sources, [{ kind: "bundle", path: `${homedir()}/.cache/kboot/bundle` }]);
});

/** Paths of all fields that a schema knows; free-form maps end them, and so does a host's `ssh`, which is like the cluster's. */
function fieldsOf(schema: unknown, path: readonly string[] = []): readonly string[] {
  const { def } = schema as { def: { type: string; innerType?: unknown; element?: unknown; shape?: Record<string, unknown> } };
  if (def.type === "optional") return fieldsOf(def.innerType, path);
  if (def.type === "array") return fieldsOf(def.element, [...path, "0"]);
  if (def.type !== "object" || path.join(".") === "spec.hosts.0.ssh") return [path.join(".")];
  return Object.entries(def.shape ?? {}).flatMap(([key, inner]) => fieldsOf(inner, [...path, key]));
}

function has(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return value !== undefined;
  if (Array.isArray(value)) return value.some((one) => has(one, rest));
  return typeof value === "object" && value !== null && has((value as Record<string, unknown>)[key], rest);
}

test("full.yaml shows every field, and weave-net.yaml those of Weave Net", async (t) => {
  const read = async (name: string): Promise<unknown> => parse(await readFile(`${folder}${name}`, "utf8"));
  const [full, weave] = [await read("full.yaml"), await read("weave-net.yaml")];
  const fields = fieldsOf(inventorySchema);
  t.true(fields.includes("spec.hosts.0.taints.0.effect"));
  const missing = fields.filter((field) => ![full, weave].some((example) => has(example, field.split("."))));
  // a file that would have to be there
  t.deepEqual(missing, ["spec.network.passwordFile"]);
});

test("docs/inventory.md has a row for every field", async (t) => {
  const docs = await readFile(new URL("../../docs/inventory.md", import.meta.url), "utf8");
  const rows = new Set([...docs.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name));
  const names = fieldsOf(inventorySchema).map((field) =>
    field
      .replace(/^spec\./, "")
      .replace(/\.0$/, "")
      .replaceAll(".0", "[]"),
  );
  t.deepEqual(
    names.filter((name) => !rows.has(name)),
    [],
  );
});
