import { inspect } from "node:util";
import test from "ava";
import * as fc from "fast-check";
import {
  bootstrapTokenSecret,
  bootstrapTokenText,
  generateBootstrapToken,
  parseBootstrapToken,
  readBootstrapToken,
} from "../../src/kubernetes/bootstrap-token.ts";
import { Secret } from "../../src/secret.ts";

const pattern = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;
const decoded = (data: unknown) =>
  Object.fromEntries(
    Object.entries(data as Record<string, string>).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );

test("generated tokens have kubeadm's form, differ, use the whole alphabet and do not show their secret", async (t) => {
  const tokens = Array.from({ length: 200 }, generateBootstrapToken);
  const texts = tokens.map((token) => bootstrapTokenText(token).reveal());
  t.true(texts.every((text) => pattern.test(text)));
  t.is(new Set(texts).size, 200);
  t.is(new Set(texts.join("").replaceAll(".", "")).size, 36);
  t.is(inspect(tokens[0]?.secret), "[secret]");
});

test("a token is read back", (t) => {
  const token = parseBootstrapToken(new Secret("abcdef.0123456789abcdef"));
  t.is(token.id, "abcdef");
  t.is(token.secret.reveal(), "0123456789abcdef");
});

test("anything else is refused, without being shown", async (t) => {
  const almost = fc.stringMatching(/^[a-zA-Z0-9.\n]{20,26}$/).filter((text) => !pattern.test(text));
  await fc.assert(
    fc.property(fc.oneof(almost, fc.constant("abcdef.0123456789abcdef\n"), fc.constant("")), (text) => {
      const error = t.throws(() => parseBootstrapToken(new Secret(text)), { code: "usage" });
      return text === "" || !`${error?.message}${inspect(error)}`.includes(text);
    }),
  );
});

test("the Secret of a token is kubeadm's", (t) => {
  const token = { id: "abcdef", secret: new Secret("0123456789abcdef") };
  const { data, ...rest } = bootstrapTokenSecret(token, { description: "for worker1", expires: new Date("2026-11-25T12:00:00.123Z") });
  t.deepEqual(rest, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
  });
  t.deepEqual(decoded(data), {
    "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    description: "for worker1",
    expiration: "2026-11-25T12:00:00Z",
    "token-id": "abcdef",
    "token-secret": "0123456789abcdef",
    "usage-bootstrap-authentication": "true",
    "usage-bootstrap-signing": "true",
  });
});

test("a token that never expires has no expiration", (t) => {
  const { data } = bootstrapTokenSecret(generateBootstrapToken(), { expires: undefined });
  t.false("expiration" in decoded(data));
  t.false("description" in decoded(data));
});

test("what the cluster keeps of a token is read back; other Secrets are none", (t) => {
  const token = generateBootstrapToken();
  const expires = new Date("2026-11-25T12:00:00Z");
  const secret = bootstrapTokenSecret(token, { description: "for worker1", expires, groups: ["system:bootstrappers:a"] });
  const { secret: part, ...known } = readBootstrapToken(secret) ?? t.fail("not read");
  t.is(part.reveal(), token.secret.reveal());
  t.deepEqual(known, {
    id: token.id,
    description: "for worker1",
    expires,
    usages: ["authentication", "signing"],
    groups: ["system:bootstrappers:a"],
  });
  t.is(readBootstrapToken({ ...secret, type: "Opaque" }), undefined);
});
