import type { ClusterKind } from "../../src/engine/contracts.ts";

/** A cluster in which there is nothing and nothing changes. */
export const noClusterKind: ClusterKind = {
  kind: "object",
  id: (resource) => JSON.stringify(resource),
  observe: async () => new Map(),
  compare: () => [],
  change: async () => {},
};
