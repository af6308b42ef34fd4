import type { BootstrapToken, BootstrapTokenOptions, KnownBootstrapToken } from "../kubernetes/bootstrap-token.ts";

const hourMs = 3_600_000;

/**
 * The token of an earlier `kboot init` that serves as well as a new one with these options: of the same description, uses and groups, and
 * with an hour left, or half of its life where that is shorter. Of several the one that lives longest. `asked`: only this one. Pure.
 */
export function keptToken(
  known: readonly KnownBootstrapToken[],
  { asked, wish, now }: { readonly asked: BootstrapToken | undefined; readonly wish: Required<BootstrapTokenOptions>; readonly now: Date },
): KnownBootstrapToken | undefined {
  const lifeMs = (expires: Date | undefined) => (expires === undefined ? Number.POSITIVE_INFINITY : expires.getTime() - now.getTime());
  const wishedMs = lifeMs(wish.expires);
  const leastMs = wishedMs === Number.POSITIVE_INFINITY ? wishedMs : Math.min(hourMs, wishedMs / 2);
  return known
    .filter(({ id, secret }) => asked === undefined || (id === asked.id && secret.equals(asked.secret)))
    .filter(
      (token) => token.description === wish.description && sameWords(token.usages, wish.usages) && sameWords(token.groups, wish.groups),
    )
    .filter(({ expires }) => lifeMs(expires) >= leastMs && lifeMs(expires) <= wishedMs)
    .toSorted((a, b) => lifeMs(b.expires) - lifeMs(a.expires))[0];
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join() === b.toSorted().join();
}
