import { join } from "node:path";
import { labUp, writeInventory } from "../cluster/support/lab.ts";
import { buildBundle } from "../components/build.ts";
import { applyKboot, type KbootRun } from "./kboot.ts";
import { openLinks } from "./links.ts";
import type { Bench } from "./part.ts";

/** Applies with nothing to do. */
export interface Idle {
  readonly direct: readonly KbootRun[];
  /** Each 50 ms away. `wireTrips`: on the wire, of the host that had most, with those of the login and of the API. */
  readonly far: readonly (KbootRun & { readonly wireTrips: number })[];
}

/** Applies once for good and then with nothing to do, directly and through proxies that add 50 ms each way. */
export async function idle({ set: name, rounds, folder, compiled, say, signal }: Bench): Promise<Idle> {
  const { bundle } = await buildBundle();
  const program = await compiled();
  const set = await labUp(name, { controlPlanes: 1, workers: 2 });
  const inventory = await writeInventory(set, { folder: join(folder, "idle"), bundle });
  await applyKboot(program, inventory, signal);
  const direct: KbootRun[] = [];
  const far: (KbootRun & { wireTrips: number })[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    direct.push(await applyKboot(program, inventory, signal));
    const all = set.hosts.map((host) => host.name);
    const links = await openLinks(set, all, 50, join(folder, "links"));
    try {
      const behind = await writeInventory(set, {
        folder: join(folder, "far"),
        bundle,
        more: { ssh: { user: set.user, identityFiles: [set.identityFile], knownHostsFile: links.knownHosts } },
        moreOf: Object.fromEntries(
          links.hosts.map(({ name: host, nodeAddress, address, port }) => [host, { address, nodeAddress, ssh: { port } }]),
        ),
      });
      far.push({ ...(await applyKboot(program, behind, signal)), wireTrips: links.roundTrips() });
    } finally {
      await links.close();
    }
    say(`nothing to do: ${direct.at(-1)?.seconds.toFixed(2)} s, at 100 ms ${far.at(-1)?.seconds.toFixed(2)} s`);
  }
  return { direct, far };
}
