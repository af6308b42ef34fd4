import type { Check } from "../engine/contracts.ts";
import { parseState } from "../engine/state.ts";
import type { Live } from "../kubernetes/live.ts";

/** Whether hosts may be reset: none of another cluster. */
export function resetChecks(hosts: readonly string[]): readonly Check<Live>[] {
  return [
    {
      name: "other-cluster",
      problems: ({ cluster, facts }) =>
        hosts.flatMap((host) => {
          const other = parseState(facts.get(host)?.state)?.cluster;
          if (other === undefined || other === cluster.name) return [];
          return {
            host,
            message: `it belongs to the cluster ${other}, not to ${cluster.name}`,
            hint: `reset it with the inventory of ${other}`,
          };
        }),
    },
  ];
}
