import test from "ava";
import { execa } from "execa";
import { readWish } from "../../src/cli/token.ts";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
const usual = { ttl: "24h0m0s", usages: "signing,authentication", groups: "system:bootstrappers:kubeadm:default-node-token" };
const now = new Date("2026-01-01T00:00:00Z");

test("a token lives a day unless it is told otherwise, and 0 is for ever", (t) => {
  t.is(readWish(usual, now).expires?.toISOString(), "2026-01-02T00:00:00.000Z");
  t.is(readWish({ ...usual, ttl: "0" }, now).expires, undefined);
});

test("a token that logs nobody in has no groups", (t) => {
  t.deepEqual(readWish({ ...usual, usages: "signing" }, now).groups, []);
});

const wrong: readonly (readonly [string, object, string])[] = [
  ["a use that there is not", { usages: "signing,reading" }, "--usages: reading is no use of a token"],
  ["no use at all", { usages: "" }, "--usages: nothing is no use of a token"],
  ["a group of others", { groups: "system:masters" }, "--groups: system:masters is no group of bootstrap tokens"],
  ["a time that is over", { ttl: "-1h" }, "--ttl: -1h is less than nothing"],
];
for (const [title, options, message] of wrong) {
  test(`${title} is refused`, (t) => {
    const error = t.throws(() => readWish({ ...usual, ...options }, now), { code: "usage" });
    t.is(error?.message, message);
  });
}

test("what is wrong is told where it comes from", (t) => {
  const origins = { ttl: "--token-ttl", usages: "f.yaml: InitConfiguration.bootstrapTokens[0].usages", groups: "" };
  t.throws(() => readWish({ ...usual, ttl: "-1h" }, now, origins), { message: "--token-ttl: -1h is less than nothing" });
  t.throws(() => readWish({ ...usual, ttl: "day" }, now, origins), { message: '--token-ttl: "day" is not a duration' });
  t.throws(() => readWish({ ...usual, usages: "x" }, now, origins), {
    message: /^f\.yaml: InitConfiguration\.bootstrapTokens\[0\]\.usages: x is/,
  });
});

test("a malformed token is refused before anybody is asked, and not shown", async (t) => {
  const { exitCode, stderr } = await execa(process.execPath, [main, "token", "create", "abc.secret0secret"], { reject: false });
  t.is(exitCode, 64);
  t.regex(stderr, /^the bootstrap token is malformed\nhint: /);
  t.false(stderr.includes("secret0"));
});

test("where there is no kubeconfig the ways to the cluster are named", async (t) => {
  const { exitCode, stderr } = await execa(process.execPath, [main, "token", "list", "--kubeconfig", "/nowhere/admin.conf"], {
    reject: false,
  });
  t.is(exitCode, 64);
  t.regex(stderr, /^cannot read the kubeconfig \/nowhere\/admin\.conf: .*\nhint: .*-f$/);
});

test("generate makes up a token", async (t) => {
  const { stdout } = await execa(process.execPath, [main, "token", "generate"]);
  t.regex(stdout, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
});
