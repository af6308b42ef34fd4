import { join } from "node:path";
import type { Api, Step } from "../../src/engine/contracts.ts";
import { files, folders, units } from "./observe-resources.ts";

/** A program: `observe-kboot.ts DIST INVENTORY plan|apply`, with kboot's engine as it was compiled into DIST. Prints what it would change. */

const [dist = "", inventory = "", mode] = process.argv.slice(2);
const load = (path: string) => import(join(dist, path));
const [
  { runWay },
  { createEmit },
  { readInventory },
  { openHost },
  { hostKinds, objectClusterKind },
  { file },
  { directory },
  { systemdUnit },
] = (await Promise.all(
  [
    "engine/run.js",
    "engine/events.js",
    "inventory/read.js",
    "host/open-host.js",
    "resources/index.js",
    "resources/file.js",
    "resources/directory.js",
    "resources/systemd-unit.js",
  ].map(load),
)) as [
  typeof import("../../src/engine/run.ts"),
  typeof import("../../src/engine/events.ts"),
  typeof import("../../src/inventory/read.ts"),
  typeof import("../../src/host/open-host.ts"),
  typeof import("../../src/resources/index.ts"),
  typeof import("../../src/resources/file.ts"),
  typeof import("../../src/resources/directory.ts"),
  typeof import("../../src/resources/systemd-unit.ts"),
];

const step: Step<Record<string, never>> = {
  id: "bench",
  title: "Have the resources",
  on: (cluster) => cluster.hosts.map(({ name }) => name),
  after: [],
  resources: () => [
    ...folders.map((path) => directory(path)),
    ...files.map(([path, content]) => file(path, content)),
    ...units.map((name) => systemdUnit(name, [`/etc/systemd/system/${name}`])),
  ],
};

const { signal } = new AbortController();
const run = { id: `bench-${process.pid}`, mode: mode === "apply" ? ("change" as const) : ("read" as const), owner: "kboot bench" };
const { plan, errors, trips } = await runWay<Record<string, never>>({
  run,
  cluster: await readInventory(inventory),
  way: [step],
  checks: [],
  kinds: hostKinds,
  clusterKind: objectClusterKind,
  sources: { probes: [], resolve: async () => ({}) as never },
  open: (host) => openHost(host, run, { signal }),
  chooseNodeAddresses: () => new Map(),
  readLive: async (): Promise<{ live: Record<string, never>; api: Api } | undefined> => undefined,
  select: () => true,
  decisive: [],
  apply: mode === "apply",
  emit: createEmit([]),
  signal,
});
for (const error of errors.values()) throw error;
process.stdout.write(`${JSON.stringify({ changes: plan.flatMap(({ changes }) => changes.map(({ id }) => id)), trips })}\n`);
