import type { z } from "zod";
import { mapOf } from "../is-map.ts";
import { hostShape, type InventoryHost, type InventorySpec, specShape } from "./schema.ts";

/** The parts of a file that are right by themselves; of each host the fields that are, so that a mistake in one hides none in another. */
export interface Draft {
  readonly spec: Partial<Omit<InventorySpec, "hosts">>;
  /** As many as the list has, in its order. */
  readonly hosts: readonly DraftEntry[];
  /** Fields below `spec` that are wrong by themselves, and so left out; `hosts` when there is no list of them. */
  readonly wrong: ReadonlySet<string>;
}

export type DraftHost = Partial<InventoryHost>;

export interface DraftEntry {
  readonly index: number;
  readonly host: DraftHost;
  /** Fields of the host that are wrong by themselves, and so left out. */
  readonly wrong: ReadonlySet<string>;
}

/** Parts are judged each by itself, so that a mistake in one hides none between the others. */
export function draftOf(values: unknown): Draft {
  const spec = mapOf(mapOf(values)["spec"]);
  const { hosts: _, ...shape } = specShape;
  const parts = judgeParts(shape, spec);
  const listed: readonly unknown[] = Array.isArray(spec["hosts"]) ? spec["hosts"] : [];
  return {
    spec: parts.right as Draft["spec"],
    hosts: listed.map((entry, index) => {
      const { right, wrong } = judgeParts(hostShape, mapOf(entry));
      return { index, host: right as DraftHost, wrong: new Set(wrong) };
    }),
    wrong: new Set([...parts.wrong, ...(listed.length > 0 ? [] : ["hosts"])]),
  };
}

function judgeParts(shape: Readonly<Record<string, z.ZodType>>, values: Readonly<Record<string, unknown>>) {
  const parts = Object.entries(shape).map(([key, schema]) => ({ key, result: schema.safeParse(values[key]) }));
  return {
    right: Object.fromEntries(
      parts.flatMap(({ key, result }) => (result.success && result.data !== undefined ? [[key, result.data]] : [])),
    ),
    wrong: parts.flatMap(({ key, result }) => (result.success ? [] : [key])),
  };
}
