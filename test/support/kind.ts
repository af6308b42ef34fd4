import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyResource, Artifacts, ChangeContext, Difference, HostKind, Obstacle } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import type { Facts } from "../../src/host/facts.ts";
import { runFragment, runSh } from "./run-fragment.ts";

export const noArtifacts: Artifacts = {
  file: (name) => {
    throw new Error(`no ${name}`);
  },
  image: (name) => {
    throw new Error(`no ${name}`);
  },
  imageArchive: async () => {
    throw new Error("no images");
  },
};

/** A folder of its own for one test. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "kboot-test-"));
}

export interface KindOptions {
  readonly shell: readonly string[];
  readonly vault?: Vault;
  readonly artifacts?: Artifacts;
  readonly changing?: ReadonlySet<string>;
  readonly bin?: string;
  readonly now?: Date;
  /** What stands for /var/lib/kboot. */
  readonly stateFolder?: string;
  /** URLs that the host reaches. */
  readonly reaches?: readonly string[];
}

/** Observes for real and compares. */
export async function differences<R extends AnyResource, O>(
  kind: HostKind<R, O>,
  resource: R,
  options: KindOptions,
): Promise<readonly Difference[]> {
  return (await look(kind, resource, options)).differences;
}

/** Observes for real; what stands in the way. */
export async function obstacles<R extends AnyResource, O>(
  kind: HostKind<R, O>,
  resource: R,
  options: KindOptions,
): Promise<readonly Obstacle[]> {
  return (await look(kind, resource, options)).obstacles;
}

async function look<R extends AnyResource, O>(kind: HostKind<R, O>, resource: R, options: KindOptions) {
  const vault = options.vault ?? new Vault();
  const output = await runSh(kind.observe(resource), options);
  if (output.exitCode !== 0) throw new Error(`observing exited with ${output.exitCode}: ${output.stderr}`);
  const observed = kind.parse(resource, output);
  kind.learn?.(resource, observed, vault);
  const context = { vault, now: options.now ?? new Date(), changing: options.changing ?? new Set<string>() };
  return {
    resource,
    observed,
    differences: kind.compare(resource, observed, context),
    obstacles: kind.obstacles?.(resource, observed, context) ?? [],
  };
}

/** Observes, compares and changes for real, all resources in one fragment. */
export async function bringInOrder<R extends AnyResource, O>(kind: HostKind<R, O>, resources: readonly R[], options: KindOptions) {
  const items = [];
  for (const resource of resources) items.push(await look(kind, resource, options));
  const context: ChangeContext = {
    vault: options.vault ?? new Vault(),
    artifacts: options.artifacts ?? noArtifacts,
    now: options.now ?? new Date(),
    facts: { reaches: options.reaches ?? [] } as unknown as Facts,
  };
  return runFragment(await kind.change(items, context), options);
}
