import type { ActionContext } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { lookAtPods } from "./look-at-pods.ts";

/** Those of the named workloads that do not run as wished, as far as is known. */
export function missingWorkloads(names: readonly string[], live: Live | undefined): readonly string[] {
  return names.filter((name) => live?.workloads.get(name) !== true);
}

/** Waits until all of the named workloads run on every node that is Ready, saying which are still open. */
export async function waitForWorkloads(names: readonly string[], context: ActionContext<Live>): Promise<void> {
  const { signal, readLive, say } = context;
  await waitFor(
    {
      what: `${names.join(", ")} to run`,
      timeoutSeconds: 240,
      signal,
      hint: "kubectl get pods -A -o wide, and kubectl describe what is not Running",
      inspect: lookAtPods(context, names),
    },
    async () => {
      const open = missingWorkloads(names, await readLive());
      if (open.length > 0) say(`waiting for ${open.join(", ")}`);
      return open.length === 0 || undefined;
    },
  );
}
