import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
const examples = new URL("../../inventory/", import.meta.url).pathname;

function kboot(...args: readonly string[]) {
  return execa(process.execPath, [main, ...args], { reject: false, env: { NO_COLOR: "1" } });
}

test("every command's help shows an example", async (t) => {
  for (const command of [["apply"], ["plan"], ["kubeconfig"], ["status"], ["inventory", "validate"], ["version"]]) {
    const { stdout, exitCode } = await kboot(...command, "--help");
    t.is(exitCode, 0, command.join(" "));
    t.regex(stdout, new RegExp(`Example:\n {2}kboot ${command.join(" ")}`));
  }
});

test("an unknown option is refused with exit code 64", async (t) => {
  const { stderr, exitCode } = await kboot("apply", "--bogus");
  t.is(exitCode, 64);
  t.regex(stderr, /unknown option '--bogus'/);
});

test("a good inventory is told in one line", async (t) => {
  const { stdout, exitCode } = await kboot("inventory", "validate", "-f", join(examples, "lab.yaml"));
  t.is(exitCode, 0);
  t.regex(stdout, /lab\.yaml: cluster lab, Kubernetes 1\.36\.3, 3 hosts$/);
});

test("a broken inventory is told with file, line and path, and exit code 65", async (t) => {
  const file = join(await mkdtemp(join(tmpdir(), "kboot-test-")), "broken.yaml");
  await writeFile(
    file,
    "apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: { name: lab }\nspec:\n  kubernetesVersion: 1.36.3\n  hosts: 3\n",
  );
  const { stderr, exitCode } = await kboot("inventory", "validate", "-f", file);
  t.is(exitCode, 65);
  t.true(stderr.includes(`${file}:6:10 hosts: `), stderr);
});

test("an inventory that is not there is told", async (t) => {
  const { stderr, exitCode } = await kboot("plan", "-f", "/no/such/inventory.yaml");
  t.is(exitCode, 65);
  t.regex(stderr, /cannot read the inventory/);
  t.regex(stderr, /\nhint: /);
});

test("unknown steps and hosts are refused with those that are known", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-test-"));
  const file = join(folder, "kboot.yaml");
  await writeFile(
    file,
    "apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: { name: lab }\nspec:\n  kubernetesVersion: 1.36.3\n  network: { plugin: flannel }\n  hosts:\n    - { name: one, role: control-plane, address: 192.0.2.1 }\n",
  );
  const step = await kboot("plan", "-f", file, "--only", "nonsense");
  t.is(step.exitCode, 64);
  t.regex(step.stderr, /there is no step nonsense\nhint: one of kernel, /);
  const host = await kboot("plan", "-f", file, "--limit", "two");
  t.is(host.exitCode, 64);
  t.regex(host.stderr, /there is no host two\nhint: one of one, cluster/);
});
