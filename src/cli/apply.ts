import { clusterPlace } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import type { Role } from "../inventory/cluster.ts";
import { networkPlugin } from "../network/index.ts";
import { frameRun, logsBeside } from "./frame.ts";
import { openInventory } from "./inventory-file.ts";
import { createSelect, identify, operate, type Selection } from "./operate.ts";
import { assertSameInventory, assertSamePlan, markInventory, readPlan, type SavedPlan, savePlan } from "./saved-plan.ts";

interface Options extends Selection {
  readonly file?: string;
  readonly dryRun?: boolean;
  /** Of `apply`: a plan that was saved. */
  readonly plan?: string;
  /** Of `plan`: where to save it. */
  readonly save?: string;
  readonly output: "text" | "json";
  readonly report?: string;
}

/** `kboot apply` */
export function apply(options: Record<string, unknown>, signal: AbortSignal, [plan]: readonly string[]): Promise<void> {
  const given = { ...options, ...(plan === undefined ? {} : { plan }) } as unknown as Options;
  return run(given.dryRun ? "plan" : "apply", given, signal);
}

/** `kboot plan` */
export function plan(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  return run("plan", options as unknown as Options, signal);
}

/**
 * Options of a command of a machine that is given an inventory instead. Throws KbootError `usage` for any other, since the inventory says
 * all the rest.
 */
export function fromAfar(
  given: Record<string, unknown>,
  ...words: readonly (string | undefined)[]
): Pick<Options, "file" | "dryRun" | "output"> {
  const { inventory, dryRun, output, ...others } = given;
  const more = [
    ...Object.keys(others).map((name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`),
    ...words.filter(Boolean),
  ];
  if (more.length > 0) {
    throw new KbootError("usage", `with --inventory there is nothing for ${more.join(", ")} to say`, {
      hint: "the inventory says all the rest: write it there",
    });
  }
  return { file: inventory, output, ...(dryRun === undefined ? {} : { dryRun }) } as Pick<Options, "file" | "dryRun" | "output">;
}

/** Applies an inventory to its hosts of one role; the cluster's own objects go with its control planes. */
export async function applyRole(role: Role, options: Pick<Options, "file" | "dryRun" | "output">, signal: AbortSignal): Promise<void> {
  const { dryRun, output } = options;
  const { file, cluster } = await openInventory(options.file);
  const hosts = cluster.hosts.filter((host) => host.role === role).map(({ name }) => name);
  const limit = role === "control-plane" ? [...hosts, clusterPlace] : hosts;
  await run(dryRun ? "plan" : "apply", { file, output, limit }, signal);
}

async function run(command: "apply" | "plan", options: Options, signal: AbortSignal): Promise<void> {
  const saved = options.plan === undefined ? undefined : await openPlan(options.plan, options);
  const { file, cluster } = await openInventory(saved?.inventory.file ?? options.file);
  if (saved !== undefined) await assertSameInventory(cluster, saved.inventory);
  const inventory = options.save === undefined ? undefined : await markInventory(cluster);
  const selection: Selection = saved?.selection ?? options;
  const select = createSelect(cluster, selection);
  const made = new Date(saved?.made ?? Date.now());
  const identity = identify(command, command === "apply" ? "change" : "read");
  const next = `kboot kubeconfig -f ${file} > kubeconfig && kubectl --kubeconfig kubeconfig get nodes`;
  const result = await frameRun(
    { logs: logsBeside(cluster), output: options.output, identity, next, report: options.report },
    signal,
    (emit) => {
      if (command === "apply") for (const notice of networkPlugin(cluster)?.notices ?? []) emit({ type: "notice", ...notice });
      return operate(cluster, identity, select, emit, signal, {
        judgedAt: made,
        approve: (found, unreachable) => saved && assertSamePlan(saved, found, unreachable),
      });
    },
  );
  if (options.save === undefined || inventory === undefined) return;
  await savePlan(options.save, { made, inventory, selection, ...result });
  if (options.output === "text") process.stdout.write(`saved; kboot apply ${options.save} does this, or stops before any change\n`);
}

/** A saved plan names inventory, steps and hosts itself. */
async function openPlan(path: string, { file, only, skip, limit }: Options): Promise<SavedPlan> {
  if ([file, only, skip, limit].some((option) => option !== undefined)) {
    throw new KbootError("usage", "a saved plan names its inventory, steps and hosts itself", {
      hint: "leave out --file, --only, --skip and --limit, or plan anew with them",
    });
  }
  return readPlan(path);
}
