import type { Fragment } from "./contracts.ts";

/** Where a host remembers what kboot made there and what was there before. It serves removal; it is no source of truth. */
// Tests put the folder elsewhere.
// biome-ignore lint/suspicious/noTemplateCurlyInString: a parameter of sh
const folder = "${KBOOT_STATE_DIR:-/var/lib/kboot}";

interface HostState {
  readonly version: 1;
  readonly cluster: string;
  /** By resource id. `before` is what stood there, null when nothing did. */
  readonly made: Record<string, { readonly before: unknown }>;
}

/** The state with `ids` added; what was recorded earlier keeps its `before`. Unreadable text counts as no state. */
export function addToState(text: string | undefined, cluster: string, ids: ReadonlyMap<string, unknown>): string {
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
export function writeStateFragment(text: string): Fragment {
  const bytes = Buffer.from(text);
  return {
    script: [
      "umask 077",
      `mkdir -p ${folder}`,
      `take ${bytes.length} > ${folder}/.state.json.$$`,
      `[ "$(wc -c < ${folder}/.state.json.$$)" -eq ${bytes.length} ] || { rm -f ${folder}/.state.json.$$; echo "the state file came incomplete" >&2; exit 1; }`,
      `mv ${folder}/.state.json.$$ ${folder}/state.json`,
    ].join("\n"),
    payload: {
      size: bytes.length,
      async *open() {
        yield bytes;
      },
    },
  };
}
