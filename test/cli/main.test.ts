import { copyFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
const examples = new URL("../../inventory/", import.meta.url).pathname;

function kboot(...args: readonly string[]) {
  return execa(process.execPath, [main, ...args], { reject: false, cwd: tmpdir() });
}

test.serial("every command's help shows an example", async (t) => {
  for (const command of [
    ["apply"],
    ["plan"],
    ["kubeconfig"],
    ["status"],
    ["inventory", "validate"],
    ["inventory", "schema"],
    ["version"],
  ]) {
    const { stdout, exitCode } = await kboot(...command, "--help");
    t.is(exitCode, 0, command.join(" "));
    t.regex(stdout, new RegExp(`Example:\n {2}kboot ${command.join(" ")}`));
  }
});

const refusesLine = test.macro(async (t, args: readonly string[], expected: string) => {
  const { stderr, stdout, exitCode } = await kboot(...args);
  t.is(stderr, expected);
  t.is(stdout, "");
  t.is(exitCode, 64);
});

test.serial("an unknown option is refused", refusesLine, ["apply", "--bogus"], "unknown option '--bogus'\nhint: kboot apply --help");
test.serial(
  "a misspelt command is refused with the one that may be meant",
  refusesLine,
  ["aply"],
  "unknown command 'aply'\n(Did you mean apply?)\nhint: kboot --help",
);
test.serial(
  "an unknown form of output is refused with those that are known",
  refusesLine,
  ["apply", "--output", "xml"],
  "option '--output <form>' argument 'xml' is invalid. Allowed choices are text, json.\nhint: kboot apply --help",
);
test.serial(
  "without an inventory a command asks for one",
  refusesLine,
  ["status"],
  "no inventory is named, and there is no kboot.yaml here\nhint: name one: -f inventory/lab.yaml",
);

test.serial("kboot.yaml of the current folder is the inventory when none is named", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-test-"));
  await copyFile(join(examples, "minimal.yaml"), join(folder, "kboot.yaml"));
  const { stdout, exitCode } = await execa(process.execPath, [main, "inventory", "validate"], { cwd: folder, reject: false });
  t.is(exitCode, 0);
  t.is(stdout, "kboot.yaml: cluster minimal, Kubernetes 1.36.3, 2 hosts");
});

test.serial("without a command the help is shown, as an error", async (t) => {
  const { stderr, exitCode } = await kboot();
  t.is(exitCode, 64);
  t.regex(stderr, /^Usage: kboot /);
});

test.serial("the version is the package's", async (t) => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const { stdout, exitCode } = await kboot("version");
  t.is(exitCode, 0);
  t.regex(stdout, new RegExp(`^kboot ${version}\nKubernetes 1\\.\\d+.*\nNode ${process.versions.node}$`));
});

test.serial("a good inventory is told in one line", async (t) => {
  const { stdout, exitCode } = await kboot("inventory", "validate", "-f", join(examples, "lab.yaml"));
  t.is(exitCode, 0);
  t.regex(stdout, /lab\.yaml: cluster lab, Kubernetes 1\.36\.3, 3 hosts$/);
});

test.serial("the schema has a meaning for every field of docs/inventory.md, and its default", async (t) => {
  const { stdout, exitCode } = await kboot("inventory", "schema");
  t.is(exitCode, 0);
  const schema = JSON.parse(stdout) as JsonSchema;
  t.is(schema.$schema, "http://json-schema.org/draft-07/schema#");
  const spec = schema.properties?.["spec"]?.properties ?? {};
  t.is(spec["imageRepository"]?.description, "what the names of Kubernetes' own images begin with\n\nDefault: `registry.k8s.io`");
  const host = spec["hosts"]?.items?.properties ?? {};
  t.regex(host["taints"]?.items?.properties?.["effect"]?.description ?? "", /^`NoSchedule`/);
  t.regex(host["ssh"]?.properties?.["port"]?.description ?? "", /^port\n\nDefault: `22`$/);
  t.deepEqual(undescribed(schema), []);
});

interface JsonSchema {
  readonly $schema?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

function undescribed(schema: JsonSchema, path: readonly string[] = []): readonly string[] {
  // what only holds other fields needs no words of its own
  const parts = schema.properties ?? schema.items?.properties;
  if (parts === undefined) return schema.description === undefined ? [path.join(".")] : [];
  return Object.entries(parts).flatMap(([key, part]) => undescribed(part, [...path, key]));
}

test.serial("a broken inventory is told with file, line and path, and exit code 65", async (t) => {
  const file = join(await mkdtemp(join(tmpdir(), "kboot-test-")), "broken.yaml");
  await writeFile(
    file,
    "apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: { name: lab }\nspec:\n  kubernetesVersion: 1.36.3\n  hosts: 3\n",
  );
  const { stderr, exitCode } = await kboot("inventory", "validate", "-f", file);
  t.is(exitCode, 65);
  t.true(stderr.includes(`${file}:6:10 hosts: `), stderr);
});

test.serial("an inventory that is not there is told", async (t) => {
  const { stderr, exitCode } = await kboot("plan", "-f", "/no/such/inventory.yaml");
  t.is(exitCode, 65);
  t.regex(stderr, /cannot read the inventory/);
  t.regex(stderr, /\nhint: /);
});

test.serial("a check to ignore that there is not is refused at its place", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-test-"));
  const text = await readFile(join(examples, "minimal.yaml"), "utf8");
  await writeFile(join(folder, "kboot.yaml"), `${text}  ignoreChecks: [swap, memroy, sawp, nothing]\n`);
  const { stderr, exitCode } = await kboot("inventory", "validate", "-f", join(folder, "kboot.yaml"));
  t.is(exitCode, 65);
  t.regex(stderr, /kboot\.yaml:16:24 ignoreChecks\[1\]: there is no check memroy; did you mean memory\n/);
  t.regex(stderr, /:16:32 ignoreChecks\[2\]: there is no check sawp; did you mean swap\n/);
  t.regex(stderr, /:16:38 ignoreChecks\[3\]: there is no check nothing; those here are systemd, /);
});

const tellsPrograms = test.macro(async (t, args: readonly string[], exitCode: number, expected: Record<string, unknown>) => {
  const result = await kboot(...args);
  t.is(result.exitCode, exitCode);
  t.is(result.stdout.split("\n").length, 1);
  const { at, ...event } = JSON.parse(result.stdout) as { at: number; type: string; error: Record<string, unknown> };
  t.is(typeof at, "number");
  t.is(event.type, "error");
  t.like(event.error, expected);
  t.not(result.stderr, "");
});

test.serial("with --output json a wrong option is an event", tellsPrograms, ["apply", "--output", "json", "--bogus"], 64, {
  code: "usage",
  message: "unknown option '--bogus'",
});
test.serial("with --output=json a missing inventory is an event", tellsPrograms, ["status", "--output=json"], 64, {
  code: "usage",
  hint: "name one: -f inventory/lab.yaml",
});
test.serial(
  "with --output json a wrong step is an event",
  tellsPrograms,
  ["plan", "--output", "json", "-f", join(examples, "minimal.yaml"), "--only", "kernle"],
  64,
  { code: "usage", message: "there is no step kernle" },
);
test.serial(
  "with --output json an inventory that is not there is an event",
  tellsPrograms,
  ["plan", "--output", "json", "-f", "/no.yaml"],
  65,
  {
    code: "inventory",
    where: { file: "/no.yaml" },
  },
);

test.serial("unknown steps and hosts are refused with those that are known", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-test-"));
  const file = join(folder, "kboot.yaml");
  await writeFile(
    file,
    "apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: { name: lab }\nspec:\n  kubernetesVersion: 1.36.3\n  network: { plugin: flannel }\n  hosts:\n    - { name: one, role: control-plane, address: 192.0.2.1 }\n",
  );
  const step = await kboot("plan", "-f", file, "--only", "nonsense");
  t.is(step.exitCode, 64);
  t.regex((await kboot("plan", "-f", file, "--only", "kernle")).stderr, /\nhint: did you mean kernel\? steps are kernel, /);
  t.regex(step.stderr, /there is no step nonsense\nhint: steps are kernel, /);
  const host = await kboot("plan", "-f", file, "--limit", "two");
  t.is(host.exitCode, 64);
  t.regex(host.stderr, /there is no host two\nhint: hosts are one, cluster/);
});

test.serial(
  "an option behind a command below another is its own, and an inventory says all that a machine is asked otherwise",
  async (t) => {
    const phase = await kboot("init", "phase", "certs", "--config", "/nowhere/config.yaml");
    t.is(phase.exitCode, 64);
    t.regex(phase.stderr, /cannot read the configuration: .*\/nowhere\/config\.yaml/);
    const afar = await kboot("join", "10.0.0.5:6443", "--inventory", "kboot.yaml", "--token", "abcdef.0123456789abcdef");
    t.is(afar.exitCode, 64);
    t.regex(afar.stderr, /with --inventory there is nothing for --token, 10\.0\.0\.5:6443 to say/);
    const runtime = await kboot("reset", "--cri-socket", "unix:///run/crio/crio.sock");
    t.is(runtime.exitCode, 64);
    t.regex(runtime.stderr, /^--cri-socket is unix:\/\/\/run\/crio\/crio\.sock; kboot installs containerd/m);
    const misspelt = await kboot("join", "10.0.0.5:6443", "--tokn=abcdef.0123456789abcdef");
    t.is(misspelt.exitCode, 64);
    t.false(misspelt.stderr.includes("0123456789abcdef"), misspelt.stderr);
  },
);
