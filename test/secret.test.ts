import { format, inspect } from "node:util";
import test from "ava";
import { Secret, withoutSecrets } from "../src/secret.ts";

const secret = new Secret("hush");
const deep = { a: [{ secret }] };

const ways: readonly (readonly [string, () => string])[] = [
  ["a template", () => `${secret}`],
  ["String()", () => String(secret)],
  ["concatenation", () => `x${String(secret)}`],
  ["JSON", () => JSON.stringify(deep)],
  ["inspect", () => inspect(deep, { depth: null, showHidden: true, getters: true })],
  ["console formats", () => format("%s %o %O %j", secret, deep, deep, deep)],
  ["an error's message", () => new Error(`${secret}`, { cause: secret }).stack ?? ""],
  ["its own fields", () => [...Object.values(secret), ...Reflect.ownKeys(secret)].join()],
  ["a copy", () => JSON.stringify([{ ...secret }, structuredClone(secret), Object.entries(secret)])],
];

for (const [way, show] of ways) test(`a secret does not show by ${way}`, (t) => t.false(show().includes("hush")));

const said: readonly (readonly [string, string, string])[] = [
  ["a private key", "a\n-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\nb", "a\n[secret]\nb"],
  ["a private key that is cut off", "a\n-----BEGIN PRIVATE KEY-----\nMHc", "a\n[secret]"],
  ["a kubeconfig's key", "    client-key-data: LS0tLS1CRUdJ\n", "    client-key-data: [secret]\n"],
  ["a bootstrap token", "token abcdef.0123456789abcdef is bad", "token [secret] is bad"],
  ["an HTTP credential", "Authorization: Bearer eyJhbGciOi.x.y", "Authorization: Bearer [secret]"],
  ["a proxy's password", "http://me:hush@proxy:3128 refused", "http://me:[secret]@proxy:3128 refused"],
  [
    "no secret",
    "E: Failed to fetch http://deb.example.org/x.deb  Could not resolve 'deb.example.org'",
    "E: Failed to fetch http://deb.example.org/x.deb  Could not resolve 'deb.example.org'",
  ],
];

for (const [what, text, expected] of said)
  test(`what others write is shown without secrets: ${what}`, (t) => t.is(withoutSecrets(text), expected));
