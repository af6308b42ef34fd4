import { suggest } from "../suggest.ts";
import type { Draft } from "./draft.ts";
import type { Finding } from "./problem.ts";

/** Names under `ignoreChecks` that no check has. The names there are come from outside: checks stand above the inventory. */
export function unknownChecks({ spec }: Draft, known: readonly string[]): readonly Finding[] {
  return (spec.ignoreChecks ?? []).flatMap((name, index) =>
    known.includes(name) ? [] : [{ path: ["spec", "ignoreChecks", index], message: `there is no check ${name}; ${suggest(name, known)}` }],
  );
}
