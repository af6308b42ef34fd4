import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { KbootError } from "../../src/errors.ts";
import type { ClusterHost } from "../../src/inventory/cluster.ts";
import { openTestHost, runDirectory } from "../support/fake-host.ts";
import { startSshd } from "../support/sshd.ts";

const { signal } = new AbortController();

/** A Node process of its own that runs one script on this machine, locally or over SSH. */
function runElsewhere(directory: string, body: string, host?: ClusterHost): { readonly kill: () => void } {
  const [file, open] = host
    ? ["ssh/ssh-host.ts", `openSshHost(${JSON.stringify(host)}, run, { runDirectory })`]
    : ["local/local-host.ts", `openLocalHost("h", run, { user: "root", runDirectory })`];
  const program = `
    import * as host from ${JSON.stringify(new URL(`../../src/host/${file}`, import.meta.url).href)};
    const run = { id: "dead-run", mode: "change", owner: "first@laptop, kboot apply, pid 1" };
    const runDirectory = ${JSON.stringify(directory)};
    const opened = await host.${open};
    await opened.run({ label: "install the kubelet", body: ${JSON.stringify(body)} }, { signal: new AbortController().signal });
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  `;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], { stdio: "inherit" });
  return { kill: () => child.kill("SIGKILL") };
}

async function until(path: string): Promise<void> {
  for (let i = 0; !existsSync(path); i++) {
    if (i > 500) throw new Error(`${path} did not appear`);
    await sleep(20);
  }
}

test("a second run is refused while the first one lives, and told whose it is", async (t) => {
  const directory = await runDirectory();
  const first = await openTestHost({ runDirectory: directory, owner: "ann@laptop, kboot apply, pid 12" });
  await first.run({ label: "first", body: ":" }, { signal });
  const second = await openTestHost({ runDirectory: directory, owner: "bob" });
  const error = await t.throwsAsync(second.run({ label: "second", body: ":" }, { signal }), { instanceOf: KbootError });
  t.is(error.code, "host-locked");
  t.is(error.where.host, "test-host");
  t.regex(error.message, /another run holds this host: ann@laptop, kboot apply, pid 12, since \d{4}-\d\d-\d\dT/);
  t.is((await first.run({ label: "again", body: "echo fine" }, { signal })).stdout.toString(), "fine\n");
  await first.close();
  await second.close();
  const third = await openTestHost({ runDirectory: directory });
  t.is((await third.run({ label: "third", body: ":" }, { signal })).exitCode, 0);
  await third.close();
});

test("reading needs no lock", async (t) => {
  const directory = await runDirectory();
  const first = await openTestHost({ runDirectory: directory });
  await first.run({ label: "first", body: ":" }, { signal });
  const reader = await openTestHost({ runDirectory: directory, mode: "read" });
  t.is((await reader.run({ label: "look", body: ":" }, { signal })).exitCode, 0);
  await reader.close();
  await first.close();
});

test("the second channel belongs to the run that holds the host, even when it is asked first", async (t) => {
  const host = await openTestHost();
  const results = await Promise.all([
    host.run({ label: "bulk", body: "sleep 0.3; echo bulk" }, { signal, channel: "bulk" }),
    host.run({ label: "main", body: "echo main" }, { signal }),
  ]);
  t.deepEqual(
    results.map(({ stdout }) => stdout.toString()),
    ["bulk\n", "main\n"],
  );
  await host.close();
});

for (const way of ["locally", "over SSH"] as const) {
  for (const channel of ["main", "bulk"] as const) {
    test(`a script whose run was killed ${way} ends undisturbed, and the next run waits for it (${channel})`, async (t) => {
      const server = way === "over SSH" ? await startSshd() : undefined;
      const directory = await runDirectory();
      const trace = `${directory}-trace`;
      const steps = `for i in 1 2 3 4 5; do sleep 0.6; echo "step $i"; echo "step $i" >>${trace}; done`;
      const dead = runElsewhere(directory, `echo begun >${trace}; ${steps}; echo ended >>${trace}`, server?.host());
      await until(trace);
      dead.kill();
      const told: string[] = [];
      const next = await openTestHost({ runDirectory: directory, onWaiting: (text) => told.push(text) });
      const result = await next.run({ label: "next", body: `cat ${trace}` }, { signal, channel });
      t.is(result.stdout.toString(), "begun\nstep 1\nstep 2\nstep 3\nstep 4\nstep 5\nended\n");
      t.deepEqual(told, ["waiting for a script of an earlier run: install the kubelet"]);
      await next.close();
      await server?.stop();
    });
  }
}

test("a script that an earlier run left behind and that does not end is named", async (t) => {
  const directory = await runDirectory();
  const trace = `${directory}-trace`;
  const dead = runElsewhere(directory, `echo $$ >${trace}; sleep 8`);
  await until(trace);
  dead.kill();
  const next = await openTestHost({ runDirectory: directory, orphanSeconds: 1 });
  const error = await t.throwsAsync(next.run({ label: "next", body: ":" }, { signal }), { instanceOf: KbootError });
  t.is(error.code, "host-locked");
  t.regex(error.message, /install the kubelet/);
  await next.close();
  process.kill(Number(await readFile(trace, "utf8")));
});
