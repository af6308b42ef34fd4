import { exitCodeOf } from "../errors.ts";
import { createColours, judgeTerminal } from "../ui/colours.ts";
import { openInventory } from "./inventory-file.ts";
import type { Status } from "./status/document.ts";
import { gather } from "./status/gather.ts";
import { printStatus } from "./status/print.ts";
import { summarize } from "./status/summarize.ts";

/** `kboot status`: prints what is known, whatever it is, and returns the exit code that follows from it. */
export async function status(options: Record<string, unknown>, signal: AbortSignal): Promise<number> {
  const { cluster } = await openInventory(options["file"]);
  const found = summarize(cluster, await gather(cluster, performance.timeOrigin, signal));
  const text =
    options["output"] === "json"
      ? `${JSON.stringify(found, undefined, 2)}\n`
      : printStatus(found, createColours(judgeTerminal(process.stdout, process.env).isColoured));
  process.stdout.write(text);
  return judge(found);
}

/** No control plane reached, no API server ready, anything else not well, in this order. */
function judge({ hosts, apiServers, ok }: Status): number {
  if (!hosts.some(({ role, reached }) => role === "control-plane" && reached)) return exitCodeOf("unreachable");
  if (!apiServers.some(({ ready }) => ready)) return exitCodeOf("api");
  return ok ? 0 : exitCodeOf("unwell");
}
