import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { openHost } from "../../src/host/open-host.ts";
import { clusterHost, freePort } from "../support/sshd.ts";

const run = { id: "read-1", mode: "read", owner: "somebody" } as const;

test("a local host is this machine, any other is reached over SSH", async (t) => {
  const local = await openHost({ ...clusterHost({}), transport: "local" }, run);
  t.is(local.name, "worker-1");
  t.is(local.address, "localhost");
  await local.close();
  const error = await t.throwsAsync(openHost(clusterHost({ port: await freePort(), identityFiles: ["/etc/hostname"] }), run));
  t.true(error instanceof KbootError && error.where.file === "/etc/hostname");
});
