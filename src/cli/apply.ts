import { networkPlugin } from "../network/index.ts";
import { frameRun } from "./frame.ts";
import { openInventory } from "./inventory-file.ts";
import { createSelect, identify, operate, type Selection } from "./operate.ts";

interface Options extends Selection {
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly output: "text" | "json";
}

/** `kboot apply` */
export function apply(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const given = options as unknown as Options;
  return run(given.dryRun ? "plan" : "apply", given, signal);
}

/** `kboot plan` */
export function plan(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  return run("plan", options as unknown as Options, signal);
}

async function run(command: "apply" | "plan", options: Options, signal: AbortSignal): Promise<void> {
  const { file, cluster } = await openInventory(options.file);
  const select = createSelect(cluster, options);
  const identity = identify(command, command === "apply" ? "change" : "read");
  const next = `kboot kubeconfig -f ${file} > kubeconfig && kubectl --kubeconfig kubeconfig get nodes`;
  await frameRun({ cluster, output: options.output, identity, next }, signal, (emit) => {
    if (command === "apply") for (const notice of networkPlugin(cluster)?.notices ?? []) emit({ type: "notice", ...notice });
    return operate(cluster, identity, select, emit, signal);
  });
}
