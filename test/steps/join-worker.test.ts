import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { joinScript } from "../../src/steps/join-worker.ts";
import { temporaryFolder } from "../support/kind.ts";
import { runSh, shells } from "../support/run-fragment.ts";

interface Setting {
  /** Files that are there before, by their path below the host's root. */
  readonly before?: Readonly<Record<string, string>>;
  readonly says?: string;
  readonly timeout?: number;
}

/** Runs the join on a host whose kubelet does this when it is started, and says that in its journal; returns what is left there. */
async function runJoin(shell: readonly string[], onStart: string, { before = {}, says = "no route to host", timeout = 1 }: Setting = {}) {
  const root = await temporaryFolder();
  const [folder, bin] = [join(root, "etc"), join(root, "bin")];
  const clientPem = join(root, "client.pem");
  await mkdir(folder);
  await mkdir(bin);
  const systemctl = `#!/bin/sh\necho "$*" >> ${root}/calls\n[ "$1" != restart ] || { ${onStart}; }\n`;
  for (const [name, text] of Object.entries({ systemctl, journalctl: `#!/bin/sh\necho '${says}'\n` })) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  for (const [path, text] of Object.entries(before)) await writeFile(join(root, path), text);
  const payload = Buffer.from("a token");
  const result = await runSh(joinScript(payload.length, { folder, clientPem }, timeout), { shell, bin, payload });
  return { ...result, root, files: (await readdir(folder)).sort(), calls: await readFile(join(root, "calls"), "utf8") };
}

for (const shell of shells) {
  const name = shell.join(" ");

  test(`a node that is given its certificate has joined, and its token is gone from it (${name})`, async (t) => {
    const start = `[ "$(cat "$(dirname "$0")/../etc/bootstrap-kubelet.conf")" = "a token" ] && echo x > "$(dirname "$0")/../etc/kubelet.conf" && echo x > "$(dirname "$0")/../client.pem"`;
    const { exitCode, files, stderr } = await runJoin(shell, start);
    t.is(exitCode, 0, stderr);
    t.deepEqual(files, ["kubelet.conf"]);
  });

  test(`a join anew takes away the certificate of another cluster, and its kubeconfig is no reason to start the kubelet again (${name})`, async (t) => {
    const start = `cd "$(dirname "$0")/.." && [ ! -e client.pem ] && [ ! -e etc/kubelet.conf ] && sleep 1.1 && touch etc/kubelet.conf && echo x | tee etc/kubelet.conf > client.pem && touch started`;
    const { exitCode, files, stderr, root } = await runJoin(shell, start, {
      before: { "client.pem": "foreign", "etc/kubelet.conf": "foreign" },
    });
    t.is(exitCode, 0, stderr);
    t.deepEqual(files, ["kubelet.conf"]);
    const time = async (path: string) => (await stat(join(root, path))).mtimeMs;
    t.true((await time("etc/kubelet.conf")) < (await time("started")) - 1000);
  });

  test(`a join that fails says why and leaves nothing that looks joined (${name})`, async (t) => {
    // as the kubelet does, before it has a certificate
    const { exitCode, files, calls, stderr } = await runJoin(shell, `echo x > "$(dirname "$0")/../etc/kubelet.conf"`);
    t.is(exitCode, 75);
    t.regex(stderr, /no certificate after 1 s; the kubelet says:\nno route to host/);
    t.deepEqual(files, []);
    t.regex(calls, /stop kubelet\.service\n$/);
  });

  test(`a join whose token is refused twice is given up at once (${name})`, async (t) => {
    const refused = "cannot create certificate signing request: Unauthorized";
    const began = Date.now();
    const { exitCode, stderr, calls } = await runJoin(shell, ":", { says: `${refused}\n${refused}`, timeout: 30 });
    t.is(exitCode, 1);
    t.regex(stderr, new RegExp(`^${refused}$`, "m"));
    t.true(Date.now() - began < 10_000);
    t.regex(calls, /stop kubelet\.service\n$/);
    t.regex((await runJoin(shell, ":", { says: refused, timeout: 3 })).stderr, /no certificate after 3 s/);
  });
}
