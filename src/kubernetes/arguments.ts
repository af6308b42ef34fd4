import type { ExtraArg } from "../inventory/cluster.ts";

/**
 * `--name=value` words as kubeadm writes them: defaults sorted, without those that an extra argument names, then the extra
 * arguments in the user's order; a name may repeat (kubeadm/app/util/arguments.go, v1.34 to v1.37).
 */
export function commandArguments(defaults: Readonly<Record<string, string>>, extra: readonly ExtraArg[]): string[] {
  const replaced = new Set(extra.map(({ name }) => name));
  const kept = Object.entries(defaults)
    .filter(([name]) => !replaced.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
  return [...kept, ...extra].map(({ name, value }) => `--${name}=${value}`);
}

/** The value of the last extra argument of this name. */
export function extraValue(extra: readonly ExtraArg[], name: string): string | undefined {
  return extra.findLast((arg) => arg.name === name)?.value;
}

/** Both lists, the second replacing arguments of the same name in the first. */
export function mergeArguments(first: readonly ExtraArg[], second: readonly ExtraArg[]): readonly ExtraArg[] {
  const replaced = new Set(second.map(({ name }) => name));
  return [...first.filter(({ name }) => !replaced.has(name)), ...second];
}
