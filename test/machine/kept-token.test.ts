import test from "ava";
import type { KnownBootstrapToken } from "../../src/kubernetes/bootstrap-token.ts";
import { keptToken } from "../../src/machine/kept-token.ts";
import { Secret } from "../../src/secret.ts";

const now = new Date("2026-01-01T00:00:00Z");
const inHours = (hours: number) => new Date(now.getTime() + hours * 3_600_000);
const usual = { description: "kboot init", usages: ["authentication", "signing"], groups: ["system:bootstrappers:a"] };
const wish = { ...usual, usages: ["signing", "authentication"] as const, expires: inHours(24) };

function known(id: string, over: Partial<KnownBootstrapToken> = {}): KnownBootstrapToken {
  return { id, secret: new Secret("0123456789abcdef"), ...usual, expires: inHours(20), ...over };
}

function kept(tokens: readonly KnownBootstrapToken[], over: Partial<Parameters<typeof keptToken>[1]> = {}) {
  return keptToken(tokens, { asked: undefined, wish, now, ...over })?.id;
}

test("the token of an earlier init that lives longest is kept", (t) => {
  t.is(kept([known("aaaaaa", { expires: inHours(2) }), known("bbbbbb"), known("cccccc", { expires: inHours(19) })]), "bbbbbb");
});

const others: readonly (readonly [string, Partial<KnownBootstrapToken>])[] = [
  ["somebody else's", { description: "of mine" }],
  ["for other uses", { usages: ["signing"] }],
  ["of another group", { groups: ["system:bootstrappers:b"] }],
  ["over", { expires: inHours(-1) }],
  ["over in less than an hour", { expires: inHours(0.9) }],
  ["good for longer than is wished", { expires: inHours(25) }],
  ["good for ever, where that is not wished", { expires: undefined }],
];
for (const [title, over] of others) {
  test(`a token that is ${title} is not kept`, (t) => {
    t.is(kept([known("aaaaaa", over)]), undefined);
  });
}

test("of a short life half must be left, and of a token for ever all", (t) => {
  const short = { wish: { ...wish, expires: inHours(1) } };
  t.is(kept([known("aaaaaa", { expires: inHours(0.6) })], short), "aaaaaa");
  t.is(kept([known("aaaaaa", { expires: inHours(0.4) })], short), undefined);
  const endless = { wish: { ...wish, expires: undefined } };
  t.is(kept([known("aaaaaa", { expires: undefined })], endless), "aaaaaa");
  t.is(kept([known("aaaaaa")], endless), undefined);
});

test("a token that is asked for is kept when it is that one, to its last character", (t) => {
  const asked = { id: "bbbbbb", secret: new Secret("0123456789abcdef") };
  t.is(kept([known("aaaaaa", { expires: inHours(23) }), known("bbbbbb")], { asked }), "bbbbbb");
  t.is(kept([known("bbbbbb", { secret: new Secret("aaaaaaaaaaaaaaaa") })], { asked }), undefined);
});
