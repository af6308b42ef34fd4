import { bytesPayload } from "../host/payload.ts";
import { stateFolder } from "../host/state-folder.ts";
import { type HostKinds, kindOf } from "./compose.ts";
import type { AnyResource, Fragment, Item } from "./contracts.ts";

/** What a host remembers of what kboot made there and what was there before. It serves removal; it is no source of truth. */
interface HostState {
  readonly version: 1;
  readonly cluster: string;
  /** By resource id. `before` is what stood there, null when nothing did. */
  readonly made: Record<string, { readonly before: unknown }>;
}

/** The state with `ids` added; what was recorded earlier keeps its `before`. Unreadable text counts as no state. */
function addToState(text: string | undefined, cluster: string, ids: ReadonlyMap<string, unknown>): string {
  const made: HostState["made"] = { ...parseState(text)?.made };
  for (const [id, before] of ids) made[id] ??= { before: before ?? null };
  return `${JSON.stringify({ version: 1, cluster, made } satisfies HostState)}\n`;
}

function parseState(text: string | undefined): HostState | undefined {
  if (text === undefined) return undefined;
  try {
    const state = JSON.parse(text) as Partial<HostState>;
    return state.version === 1 && typeof state.made === "object" ? (state as HostState) : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the state file in one move. Two shells of one run may do this at once with the same text. */
function writeStateFragment(text: string): Fragment {
  const bytes = Buffer.from(text);
  return {
    script: [
      "umask 077",
      `mkdir -p ${stateFolder}`,
      `take ${bytes.length} > ${stateFolder}/.state.json.$$`,
      `[ "$(wc -c < ${stateFolder}/.state.json.$$)" -eq ${bytes.length} ] || { rm -f ${stateFolder}/.state.json.$$; echo "the state file came incomplete" >&2; exit 1; }`,
      `mv ${stateFolder}/.state.json.$$ ${stateFolder}/state.json`,
    ].join("\n"),
    payload: bytesPayload(bytes),
  };
}

/** What is to go before a change, and what to call once a script that held it has succeeded. */
export interface StateRecord {
  readonly fragments: readonly Fragment[];
  confirm(): void;
}

/** Keeps the state file of one host ahead of its changes. */
export class Recorder {
  readonly #cluster: string;
  readonly #kinds: HostKinds;
  readonly #recorded = new Set<string>();
  #text: string | undefined;

  /** `text` is the state file as it was found. */
  constructor(cluster: string, text: string | undefined, kinds: HostKinds) {
    this.#cluster = cluster;
    this.#text = text;
    this.#kinds = kinds;
  }

  /** No fragment when all of these are on record already. */
  record(items: readonly Item<AnyResource, unknown>[]): StateRecord {
    const before = new Map<string, unknown>();
    for (const { resource, observed } of items) {
      const kind = kindOf(this.#kinds, resource);
      before.set(kind.id(resource), kind.before?.(observed));
    }
    const isRecorded = [...before.keys()].every((id) => this.#recorded.has(id));
    const text = addToState(this.#text, this.#cluster, before);
    return {
      fragments: isRecorded ? [] : [writeStateFragment(text)],
      confirm: () => {
        this.#text = text;
        for (const id of before.keys()) this.#recorded.add(id);
      },
    };
  }
}
