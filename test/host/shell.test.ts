import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "ava";
import { KbootError } from "../../src/errors.ts";
import type { Payload } from "../../src/host/host.ts";
import { bytesPayload } from "../../src/host/payload.ts";
import { Shell } from "../../src/host/shell.ts";
import { openTestHost, runDirectory, type TestHostOptions } from "../support/fake-host.ts";

const { signal } = new AbortController();

/** Every byte value, in an order that repeats nowhere near. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, x = 1; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that are still referred to. */
function memoryInUse(): number {
  collectGarbage();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

const variants: TestHostOptions[] = [["dash"], ["busybox", "sh"], ["bash"]].flatMap((sh) => [
  { sh, mode: "read" as const },
  { sh, mode: "change" as const },
]);

for (const sh of [["dash"], ["busybox", "sh"]]) {
  test(`${sh.join(" ")}: what a changing script says comes while it runs, and is no part of its output`, async (t) => {
    const host = await openTestHost({ sh });
    const said: string[] = [];
    const result = await host.run(
      { label: "wait", body: "say one; sleep 1.5; say 'two  of 2'; sleep 1.5; echo end" },
      { signal, onSay: (text) => said.push(text) },
    );
    t.deepEqual(said, ["one", "two  of 2"]);
    t.deepEqual({ ...result, stdout: result.stdout.toString() }, { exitCode: 0, stdout: "end\n", stderr: "" });
    const silent: string[] = [];
    await host.run({ label: "next", body: "sleep 1.5" }, { signal, onSay: (text) => silent.push(text) });
    t.deepEqual(silent, []);
    await host.close();
  });
}

test("in a reading run, which has nobody to pass it on, a script may say things all the same", async (t) => {
  const host = await openTestHost({ mode: "read" });
  const result = await host.run({ label: "speak", body: "say something; echo out" }, { signal });
  t.deepEqual({ ...result, stdout: result.stdout.toString() }, { exitCode: 0, stdout: "out\n", stderr: "" });
  await host.close();
});

for (const variant of variants) {
  const title = `${variant.sh?.join(" ")}, ${variant.mode}`;

  test(`${title}: a script's exit code, stdout and stderr come back`, async (t) => {
    const host = await openTestHost(variant);
    const result = await host.run({ label: "speak", body: "echo out; echo err >&2; exit 7" }, { signal });
    t.deepEqual({ ...result, stdout: result.stdout.toString() }, { exitCode: 7, stdout: "out\n", stderr: "err\n" });
    t.is(host.trips, 1);
    await host.close();
  });

  test(`${title}: binary output is not touched`, async (t) => {
    const host = await openTestHost(variant);
    const bytes = noise(300_000);
    const result = await host.run({ label: "echo", body: "cat", payload: bytesPayload(bytes) }, { signal });
    t.true(result.stdout.equals(bytes));
    await host.close();
  });

  test(`${title}: take gives exactly the bytes it is asked for`, async (t) => {
    const host = await openTestHost(variant);
    const bytes = noise(200_001);
    const body = "take 0; take 1 | wc -c; take 65536 | wc -c; take 65537 | wc -c; cat | wc -c";
    const result = await host.run({ label: "take", body, payload: bytesPayload(bytes) }, { signal });
    t.deepEqual(result.stdout.toString().split(/\s+/).filter(Boolean), ["1", "65536", "65537", "68927"]);
    await host.close();
  });

  test(`${title}: a script that fails in the middle of its payload does not disturb the next one`, async (t) => {
    const host = await openTestHost(variant);
    const failing = host.run(
      { label: "fail", body: "set -eu; take 10; false; take 10", payload: bytesPayload(noise(3_000_000)) },
      { signal },
    );
    const broken = host.run({ label: "broken", body: "if (", payload: bytesPayload(noise(100_000)) }, { signal });
    const next = host.run({ label: "next", body: "take 3", payload: bytesPayload(Buffer.from("abc")) }, { signal });
    t.is((await failing).exitCode, 1);
    t.is((await failing).stdout.length, 10);
    t.not((await broken).exitCode, 0);
    t.is((await next).stdout.toString(), "abc");
    await host.close();
  });

  test(`${title}: a script without payload finds its stdin empty, and leaves nothing behind for the next one`, async (t) => {
    const host = await openTestHost(variant);
    const first = await host.run({ label: "first", body: "cat; cd /tmp; left=over; exit" }, { signal });
    const second = await host.run({ label: "second", body: `echo "\${left-nothing} $# $(pwd)"` }, { signal });
    t.is(first.stdout.length, 0);
    t.is(second.stdout.toString(), "nothing 0 /\n");
    await host.close();
  });
}

test("a script of a megabyte is no problem", async (t) => {
  const host = await openTestHost();
  const result = await host.run({ label: "long", body: `echo start\n${"# filling\n".repeat(100_000)}echo end` }, { signal });
  t.is(result.stdout.toString(), "start\nend\n");
  await host.close();
});

test.serial("a large payload flows without filling memory, and its progress is told", async (t) => {
  const host = await openTestHost();
  const chunk = noise(65536);
  const count = 800;
  const digest = createHash("sha256");
  for (let i = 0; i < count; i++) digest.update(chunk);
  const big: Payload = {
    size: chunk.length * count,
    async *open() {
      for (let i = 0; i < count; i++) yield Buffer.from(chunk);
    },
  };
  const before = memoryInUse();
  let peak = 0;
  let told = 0;
  const onBytes = (sent: number) => {
    told = sent;
    if (sent % (50 * chunk.length) === 0) peak = Math.max(peak, memoryInUse() - before);
  };
  const slow = { label: "big", body: "sleep 0.5; sha256sum", payload: big };
  const result = await host.run(slow, { signal, channel: "bulk", onBytes });
  t.is(result.stdout.toString().split(" ")[0], digest.digest("hex"));
  t.is(told, big.size);
  t.true(peak < 15e6, `memory grew by ${peak} bytes`);
  await host.close();
});

test("a payload of another size than promised is refused and ends the channel", async (t) => {
  const host = await openTestHost();
  const wrong = { size: 10, open: bytesPayload(Buffer.from("abc")).open };
  const error = await t.throwsAsync(host.run({ label: "wrong", body: "cat", payload: wrong }, { signal }), { instanceOf: KbootError });
  t.regex(error.message, /"wrong"/);
  await t.throwsAsync(host.run({ label: "next", body: ":" }, { signal }), { instanceOf: KbootError });
  await host.close();
});

test("cancelling rejects at once, and the running script goes on", async (t) => {
  const directory = await runDirectory();
  const host = await openTestHost();
  const stop = new AbortController();
  const running = host.run(
    { label: "slow", body: `touch ${directory}/begun; sleep 0.5; touch ${directory}/done` },
    { signal: stop.signal },
  );
  const waiting = host.run({ label: "queued", body: `touch ${directory}/queued` }, { signal: stop.signal });
  waiting.catch(() => {});
  while (!existsSync(`${directory}/begun`)) await sleep(20);
  stop.abort();
  const error = await t.throwsAsync(running, { instanceOf: KbootError });
  t.is(error.code, "cancelled");
  t.false(existsSync(`${directory}/done`));
  await t.throwsAsync(waiting, { instanceOf: KbootError });
  await host.run({ label: "after", body: ":" }, { signal });
  t.true(existsSync(`${directory}/done`));
  t.false(existsSync(`${directory}/queued`));
  await host.close();
});

test("read writes nothing on the host; change leaves only its lock files", async (t) => {
  const reading = await runDirectory();
  const host = await openTestHost({ mode: "read", runDirectory: `${reading}/kboot` });
  await host.run({ label: "look", body: "echo" }, { signal });
  await host.close();
  t.deepEqual(await readdir(reading), []);

  const changing = await runDirectory();
  const other = await openTestHost({ mode: "change", runDirectory: changing });
  await other.run({ label: "change", body: "echo" }, { signal });
  await other.run({ label: "change", body: "echo" }, { signal, channel: "bulk" });
  await other.close();
  t.deepEqual((await readdir(changing)).sort(), ["run.lock", "run.owner", "script.lock"]);
});

test("the shell ends by itself when it hears nothing, and frees the host", async (t) => {
  const directory = await runDirectory();
  const host = await openTestHost({ runDirectory: directory, idleSeconds: 1 });
  await host.run({ label: "first", body: ":" }, { signal });
  await sleep(2500);
  const error = await t.throwsAsync(host.run({ label: "late", body: ":" }, { signal }), { instanceOf: KbootError });
  t.is(error.code, "unreachable");
  const next = await openTestHost({ runDirectory: directory });
  t.is((await next.run({ label: "next", body: ":" }, { signal })).exitCode, 0);
  await next.close();
  await host.close();
});

test("a host on which the shell does not start says why", async (t) => {
  const host = await openTestHost({ sh: ["sh", "-c", "echo no shell for you >&2; exit 1"] });
  const error = await t.throwsAsync(host.run({ label: "first", body: ":" }, { signal }), { instanceOf: KbootError });
  t.is(error.code, "unreachable");
  t.is(error.where.host, "test-host");
  t.regex(error.message, /no shell for you/);
  await host.close();
});

test("stderr that overtakes stdout belongs to the script all the same, and noise of the login does not", async (t) => {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  const shell = new Shell(
    { stdin, stdout, stderr, ended, abandon: () => end(undefined) },
    {
      run: { id: "run-1", mode: "read", owner: "somebody" },
      channel: "main",
      where: {},
      didNotStart: () => new KbootError("unreachable", "did not start"),
    },
  );
  const running = shell.run({ label: "first", body: ":" }, { signal });
  const [program] = await once(stdin, "data");
  const mark = /kboot_mark='(.*)'/.exec(String(program))?.[1];
  stderr.write(`banner\n${mark}!ready\nerr\n${mark}+\n${mark}:0\n`);
  await sleep(20);
  stdout.write(`motd\n${mark}!ready\nout\n${mark}:0\n`);
  const { stdout: printed, stderr: complained } = await running;
  t.is(printed.toString(), "out\n");
  t.is(complained, "err\n");
  await shell.close();
});
