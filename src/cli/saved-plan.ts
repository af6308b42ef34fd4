import { randomBytes, scryptSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Interruption, Plan } from "../engine/plan.ts";
import { KbootError } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { filesReadBy } from "../inventory/read.ts";
import type { Selection } from "./operate.ts";
import { followLinks, replaceFile } from "./replace-file.ts";

const format = "kboot-plan";
const version = 1;

const difference = z.looseObject({
  what: z.string(),
  from: z.string().optional(),
  to: z.string().optional(),
  unsure: z.boolean().optional(),
});
const change = z.looseObject({ id: z.string(), differences: z.array(difference), wish: z.string().optional() });
const pair = z.looseObject({
  host: z.string(),
  step: z.string(),
  title: z.string(),
  changes: z.array(change),
  action: z.string().optional(),
  decidedLater: z.boolean(),
});
const words = z.exactOptional(z.array(z.string()));
const document = z.looseObject({
  format: z.literal(format),
  version: z.literal(version),
  /** When it was made, which is also the time by which expiry is judged. */
  made: z.iso.datetime(),
  inventory: z.object({ file: z.string(), salt: z.string(), digest: z.string() }),
  selection: z.object({ only: words, skip: words, limit: words }),
  plan: z.array(pair),
});

export type SavedPlan = z.infer<typeof document>;

/** What an inventory and the files it reads were when a plan was made, without telling what is in them. */
export type InventoryMark = SavedPlan["inventory"];

/** Writes a plan, readable by the user alone, as a whole or not at all. It holds no secrets. */
export async function savePlan(
  path: string,
  content: {
    readonly made: Date;
    readonly inventory: InventoryMark;
    readonly selection: Selection;
    readonly plan: Plan;
    readonly interruptions: readonly Interruption[];
  },
): Promise<void> {
  const { only, skip, limit } = content.selection;
  const saved = { format, version, ...content, selection: { only, skip, limit } };
  await replaceFile(await followLinks(path), `${JSON.stringify(saved, undefined, 2)}\n`);
}

/** Reads a plan. Throws KbootError `usage` when the file is not one of this version. */
export async function readPlan(path: string): Promise<SavedPlan> {
  const hint = "make one with kboot plan --save FILE";
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new KbootError("usage", `cannot read the plan: ${cause.message}`, { where: { file: path }, hint, cause });
  });
  try {
    return document.parse(JSON.parse(text));
  } catch (cause) {
    throw new KbootError("usage", `${path} is not a plan that this version of kboot has saved`, { where: { file: path }, hint, cause });
  }
}

/**
 * A mark of an inventory and of the files that it reads. They may hold passwords, weak ones too, so the digest is salted and costly
 * to try words against.
 */
export async function markInventory(cluster: Cluster, salt = randomBytes(16).toString("hex")): Promise<InventoryMark> {
  const { file } = cluster;
  const content = await Promise.all([file, ...filesReadBy(cluster)].map((path) => readFile(path, "base64")));
  return { file, salt, digest: scryptSync(content.join("\n"), salt, 32).toString("hex") };
}

/** Throws KbootError `stale-plan` when the inventory is no longer what it was when the plan was made. */
export async function assertSameInventory(cluster: Cluster, mark: InventoryMark): Promise<void> {
  if ((await markInventory(cluster, mark.salt)).digest === mark.digest) return;
  throw new KbootError("stale-plan", "the inventory, or a file that it names, has changed since the plan was made; nothing was changed", {
    where: { file: cluster.file },
    hint,
  });
}

const hint = "make a new plan, read it, and apply that";

/**
 * Throws KbootError `stale-plan`, with the first difference of each host, when what would be done now is not what was planned. What the
 * plan itself left to be decided later may come out either way; waiting is no part of the comparison.
 */
export function assertSamePlan(saved: Pick<SavedPlan, "plan">, now: Plan, unreachable: ReadonlyMap<string, Error>): void {
  const later = new Set(saved.plan.filter(({ decidedLater }) => decidedLater).map(({ host, step }) => `${host} ${step}`));
  const [before, after] = [saved.plan, now].map((plan) => listChanges(plan, later)) as [Changes, Changes];
  const lines = [...new Set([...before.keys(), ...after.keys()])].flatMap((host) => {
    const reason = unreachable.has(host) ? "was not reached" : firstChange(before.get(host), after.get(host));
    return reason === undefined ? [] : [`${host}: ${reason}`];
  });
  if (lines.length === 0) return;
  throw new KbootError("stale-plan", `the plan is no longer what would be done; nothing was changed\n  ${lines.join("\n  ")}`, { hint });
}

interface ComparedChange {
  readonly id: string;
  readonly isUnsure: boolean;
  readonly text: string;
}

/** By host, in the order in which they would be made. */
type Changes = ReadonlyMap<string, readonly ComparedChange[]>;

function listChanges(plan: Plan | SavedPlan["plan"], later: ReadonlySet<string>): Changes {
  const all = plan
    .filter(({ host, step }) => !later.has(`${host} ${step}`))
    .flatMap(({ host, changes }) =>
      changes.map(({ id, differences, wish }) => ({
        host,
        id,
        isUnsure: differences.some(({ unsure }) => unsure),
        text: JSON.stringify([wish, differences.map(({ what, from, to }) => [what, from, to])]),
      })),
    );
  return Map.groupBy(all, ({ host }) => host);
}

function firstChange(before: readonly ComparedChange[] = [], after: readonly ComparedChange[] = []): string | undefined {
  const [planned, found] = [before, after].map((changes) => new Map(changes.map((one) => [one.id, one])));
  for (const one of before) {
    const other = found?.get(one.id);
    if (one.isUnsure) continue;
    if (other === undefined) return `${one.id} is planned, and is in order now`;
    if (other.text !== one.text) return `${one.id} is planned, and differs in another way now`;
  }
  const added = after.find(({ id }) => !planned?.has(id));
  return added === undefined ? undefined : `${added.id} is not planned, and differs now`;
}
