import type { InventoryHost, InventorySpec } from "../inventory/schema.ts";

/** Something that kubeadm's documents say and the inventory does not. */
export interface NotTaken {
  /** `ClusterConfiguration.apiServer.extraVolumes[0]`. */
  readonly field: string;
  /** What that means for the cluster, and where there is a way to have it, that. */
  readonly message: string;
}

/** What an inventory says of the cluster that kubeadm's documents describe. */
export interface Taken {
  /** Without `hosts`; without `kubernetesVersion` where they give none. */
  readonly spec: Partial<Omit<InventorySpec, "hosts">>;
  /** Of the host whose InitConfiguration it is. */
  readonly host: Partial<Pick<InventoryHost, "nodeName" | "nodeAddress" | "labels" | "taints" | "kubeletExtraArgs">>;
  readonly notTaken: readonly NotTaken[];
}

/** The entries that have a value. */
export function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** The same of a map, undefined when nothing is left. */
export function presentIn<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const left = present(values);
  return Object.keys(left).length === 0 ? undefined : left;
}

/** One line for each field that has a value. */
export function unless<T>(value: T | undefined, field: string, message: string | ((value: T) => string)): readonly NotTaken[] {
  if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return [];
  return [{ field, message: typeof message === "string" ? message : message(value) }];
}
