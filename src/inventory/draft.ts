import { hostSchema, type InventoryHost, type InventorySpec, specShape } from "./schema.ts";

/** The parts of a file that are right by themselves; of hosts, those at their places in the list. */
export interface Draft {
  readonly spec: Partial<Omit<InventorySpec, "hosts">>;
  readonly hosts: readonly { readonly index: number; readonly host: InventoryHost }[];
  /** Fields below `spec` that are wrong by themselves, and so left out whole or, of hosts, in part. */
  readonly wrong: ReadonlySet<string>;
}

/** Parts are judged each by itself, so that a mistake in one hides none between the others. */
export function draftOf(values: unknown): Draft {
  const spec = entriesOf(entriesOf(values)["spec"]);
  const { hosts: _, ...shape } = specShape;
  const parts = Object.entries(shape).map(([key, schema]) => ({ key, result: schema.safeParse(spec[key]) }));
  const listed: readonly unknown[] = Array.isArray(spec["hosts"]) ? spec["hosts"] : [];
  const hosts = listed.map((host, index) => ({ index, result: hostSchema.safeParse(host) }));
  return {
    spec: Object.fromEntries(
      parts.flatMap(({ key, result }) => (result.success && result.data !== undefined ? [[key, result.data]] : [])),
    ) as Draft["spec"],
    hosts: hosts.flatMap(({ index, result }) => (result.success ? [{ index, host: result.data }] : [])),
    wrong: new Set([
      ...parts.flatMap(({ key, result }) => (result.success ? [] : [key])),
      ...(hosts.length > 0 && hosts.every(({ result }) => result.success) ? [] : ["hosts"]),
    ]),
  };
}

function entriesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
