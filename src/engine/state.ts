import { dropFormer, keepFormer } from "../host/former-files.ts";
import { bytesPayload } from "../host/payload.ts";
import { stateFolder } from "../host/state-folder.ts";
import { type HostKinds, kindOf, pathsOf } from "./compose.ts";
import type { AnyResource, Fragment, Item, Made } from "./contracts.ts";

/** What a host remembers of what kboot made there and what was there before. It serves removal; it is no source of truth. */
export interface HostState {
  readonly version: 1;
  readonly cluster: string;
  /** By resource id, in the order in which they were first changed. */
  readonly made: Readonly<Record<string, Omit<Made, "id">>>;
}

/** The state that a host's state file holds; undefined when there is none. Unreadable text counts as no state. */
export function parseState(text: string | undefined): HostState | undefined {
  if (text === undefined) return undefined;
  try {
    const state = JSON.parse(text) as Partial<HostState>;
    return state.version === 1 && typeof state.made === "object" ? (state as HostState) : undefined;
  } catch {
    return undefined;
  }
}

/** The things that a host's state file names, in the order in which they were first changed. */
export function madeOn(text: string | undefined): readonly Made[] {
  return Object.entries(parseState(text)?.made ?? {}).map(([id, thing]) => ({ id, ...thing }));
}

function printState(cluster: string, things: readonly Made[]): string {
  const made = Object.fromEntries(things.map(({ id, ...thing }) => [id, thing]));
  return `${JSON.stringify({ version: 1, cluster, made } satisfies HostState)}\n`;
}

/** Two shells of one run may do this at once: what one of them is about to change, the other must not take for what was there before. */
const alone = `umask 077
mkdir -p "${stateFolder}"
exec 7>>"${stateFolder}"/lock
flock 7`;

/** Replaces the state file in one move. */
function writeState(text: string): Fragment {
  const bytes = Buffer.from(text);
  const staged = `"${stateFolder}"/.state.json`;
  return {
    script: [
      `take ${bytes.length} > ${staged}`,
      `[ "$(wc -c < ${staged})" -eq ${bytes.length} ] || { rm -f ${staged}; echo "the state file came incomplete" >&2; exit 1; }`,
      `mv ${staged} "${stateFolder}"/state.json`,
    ].join("\n"),
    payload: bytesPayload(bytes),
  };
}

/** What is to go before a change and after it, and what to call once a script that held both has succeeded. */
export interface StateRecord {
  readonly first: readonly Fragment[];
  readonly last: readonly Fragment[];
  confirm(): void;
}

/** Keeps the state file of one host ahead of its changes, and behind its removals. */
export class Recorder {
  readonly #cluster: string;
  readonly #kinds: HostKinds;
  readonly #written = new Set<string>();
  #things: readonly Made[];

  /** `text` is the state file as it was found. */
  constructor(cluster: string, text: string | undefined, kinds: HostKinds) {
    this.#cluster = cluster;
    this.#things = madeOn(text);
    this.#kinds = kinds;
  }

  /** `planned` is put on record too: one record for all steps of a run. No fragments when nothing of the record changes. */
  record(items: readonly Item<AnyResource, unknown>[], planned: readonly Item<AnyResource, unknown>[] = []): StateRecord {
    const wished = new Map<string, Made>();
    for (const { resource, observed } of [...planned, ...items]) {
      const kind = kindOf(this.#kinds, resource);
      const id = kind.id(resource);
      if (!kind.takesAway) wished.set(id, { id, paths: pathsOf(resource), before: kind.before?.(observed) ?? null });
    }
    const known = new Set(this.#things.map(({ id }) => id));
    // what was recorded earlier keeps what it says of the time before
    this.#things = [...this.#things, ...[...wished.values()].filter(({ id }) => !known.has(id))];
    const taken = new Set(items.flatMap(({ resource }) => this.#idTaken(resource)));
    const isWritten = [...wished.keys()].every((id) => this.#written.has(id));
    return {
      first: isWritten ? [] : [this.#write(this.#things, keepFormer([...wished.values()].flatMap(({ paths }) => paths)))],
      last: taken.size === 0 ? [] : [this.#forget(taken)],
      confirm: () => {
        for (const id of wished.keys()) this.#written.add(id);
        this.#things = this.#things.filter(({ id }) => !taken.has(id));
      },
    };
  }

  #idTaken(resource: AnyResource): readonly string[] {
    const kind = kindOf(this.#kinds, resource);
    return kind.takesAway ? [kind.id(resource)] : [];
  }

  #write(things: readonly Made[], before: string, after = "true"): Fragment {
    const { script, payload } = writeState(printState(this.#cluster, things));
    return { script: [alone, before, script, after].join("\n"), payload };
  }

  /** The whole folder goes with the last thing in it. */
  #forget(ids: ReadonlySet<string>): Fragment {
    const left = this.#things.filter(({ id }) => !ids.has(id));
    if (left.length === 0) return this.#write(left, "true", `rm -rf "${stateFolder}"`);
    const held = new Set(left.flatMap(({ paths }) => paths));
    const paths = this.#things.flatMap((thing) => (ids.has(thing.id) ? thing.paths.filter((path) => !held.has(path)) : []));
    return this.#write(left, "true", dropFormer(paths));
  }
}
