import type { Script } from "../host/host.ts";
import { joinPayloads } from "../host/payload.ts";
import { quote } from "../host/quote.ts";
import type { AnyResource, ChangeContext, Fragment, HostKind, Item, Output } from "./contracts.ts";

/** The kinds by name. */
export type HostKinds = ReadonlyMap<string, HostKind>;

/** The kind that knows a resource; an unknown one is a bug. */
export function kindOf(kinds: HostKinds, resource: AnyResource): HostKind {
  const kind = kinds.get(resource.kind);
  if (kind === undefined) throw new Error(`no code knows the resource kind ${resource.kind}`);
  return kind;
}

/** Paths on the host that a resource writes: its properties `path` and `...Path`. */
export function pathsOf(resource: AnyResource): readonly string[] {
  return Object.entries(resource)
    .filter(([name, value]) => typeof value === "string" && (name === "path" || name.endsWith("Path")))
    .map(([, value]) => value as string);
}

/**
 * One script that observes all resources of a host. Each result ends with a line that holds `nonce`, the resource's number and
 * the exit code, so that any bytes may come before it.
 */
export function composeObservation(resources: readonly AnyResource[], kinds: HostKinds, nonce: string): Script {
  const parts = resources.map(
    (resource, index) => `( ${kindOf(kinds, resource).observe(resource)}\n) 2>&1\nprintf '\\n%s ${index} %s\\n' ${nonce} "$?"\n`,
  );
  return { label: `observe ${resources.length} resources`, body: parts.join("") };
}

/** Cuts the output of `composeObservation` into one output per resource, in their order. */
export function cutObservation(stdout: Buffer, count: number, nonce: string): readonly Output[] {
  const outputs: Output[] = [];
  let from = 0;
  for (let index = 0; index < count; index++) {
    const marker = Buffer.from(`\n${nonce} ${index} `);
    const end = stdout.indexOf(marker, from);
    const newline = end < 0 ? -1 : stdout.indexOf("\n", end + marker.length);
    if (newline < 0) throw new Error(`the host's answer ends before resource ${index} of ${count}`);
    outputs.push({ stdout: stdout.subarray(from, end), exitCode: Number(stdout.toString("latin1", end + marker.length, newline)) });
    from = newline + 1;
  }
  return outputs;
}

/** Neighbouring items of one kind, which a kind may change with one fragment. */
export function groupItems(items: readonly Item<AnyResource, unknown>[]): readonly (readonly Item<AnyResource, unknown>[])[] {
  const groups: Item<AnyResource, unknown>[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last?.[0]?.resource.kind === item.resource.kind) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

/**
 * One script that changes all items of a step, in their order, and stops at the first failure, saying on stderr at what.
 * `record` stands around everything else: what is about to change, and what has gone.
 */
export async function composeChange(
  label: string,
  record: { readonly first: readonly Fragment[]; readonly last: readonly Fragment[] },
  items: readonly Item<AnyResource, unknown>[],
  kinds: HostKinds,
  context: ChangeContext,
): Promise<Script> {
  const fragments: { at: string; fragment: Fragment }[] = record.first.map((fragment) => ({
    at: "the record of what is about to change",
    fragment,
  }));
  for (const group of groupItems(items)) {
    const head = group[0];
    if (head === undefined) continue;
    const kind = kindOf(kinds, head.resource);
    const ids = group.map((item) => kind.id(item.resource)).join(", ");
    fragments.push({ at: ids, fragment: await kind.change(group, context) });
  }
  fragments.push(...record.last.map((fragment) => ({ at: "the record of what is gone", fragment })));
  const body = [
    "set -eu",
    "at=",
    `trap 'rc=$?; [ "$rc" = 0 ] || printf "while changing %s\\n" "$at" >&2' EXIT`,
    ...fragments.map(({ at, fragment }) => `at=${quote(at)}\n(\nset -eu\n${fragment.script}\n)`),
  ].join("\n");
  return { label, body, payload: joinPayloads(fragments.flatMap(({ fragment }) => fragment.payload ?? [])) };
}
