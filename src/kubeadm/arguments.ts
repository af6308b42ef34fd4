import type { ExtraArg } from "../inventory/cluster.ts";
import type { InventorySpec } from "../inventory/schema.ts";

/** Arguments as an inventory has them: by name, a repeated one as a list. Undefined when there are none. */
export function argumentMap(args: readonly ExtraArg[] = []): NonNullable<InventorySpec["extraArgs"]>["apiServer"] {
  if (args.length === 0) return undefined;
  const values = Map.groupBy(args, ({ name }) => name);
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? (all[0]?.value ?? "") : all.map(({ value }) => value)]),
  );
}

/** The value of the last argument of this name. */
export function lastValue(args: readonly ExtraArg[], name: string): string | undefined {
  return args.findLast((arg) => arg.name === name)?.value;
}

/** The arguments but those of these names. */
export function withoutArguments(args: readonly ExtraArg[], names: readonly string[]): readonly ExtraArg[] {
  return args.filter(({ name }) => !names.includes(name));
}
