import { mkdtemp, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { stringify } from "yaml";
import type { CompareContext } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import { containerImageKind } from "../../src/resources/container-image.ts";
import { staticPodKind } from "../../src/resources/static-pod.ts";
import { compareStart, observeTimes, parseTimes, systemdUnit, systemdUnitKind } from "../../src/resources/systemd-unit.ts";
import { runSh, shells } from "../support/run-fragment.ts";

const nothing: ReadonlySet<string> = new Set();

function context(changing = nothing): CompareContext {
  return { vault: new Vault(), now: new Date(), changing };
}

const output = (text: string) => ({ exitCode: 0, stdout: Buffer.from(text) });

test("a process has to start again when an input is newer than it, or is about to change", (t) => {
  t.deepEqual(compareStart(["/a"], { "/a": 10.5 }, 10.6, nothing), []);
  t.deepEqual(compareStart(["/a"], { "/a": 10.7 }, 10.6, nothing), [{ what: "restart", from: "/a is newer than the process" }]);
  t.deepEqual(compareStart(["/a", "/b"], {}, 10.6, new Set(["/b"])), [{ what: "restart", from: "/b changes", follows: true }]);
  t.deepEqual(compareStart(["/a"], { "/a": 99 }, undefined, nothing), [], "what never started is not restarted");
});

test("a start known in whole seconds is taken as late in that second", (t) => {
  t.deepEqual(compareStart(["/a"], { "/a": 10.9 }, 10, nothing), []);
  t.deepEqual(compareStart(["/a"], { "/a": 11.1 }, 10, nothing), [{ what: "restart", from: "/a is newer than the process" }]);
});

for (const shell of shells) {
  test(`times of inputs are read with their fractions, and missing ones left out (${shell.join(" ")})`, async (t) => {
    const path = join(await mkdtemp(join(tmpdir(), "kboot-test-")), "in put");
    await writeFile(path, "");
    await utimes(path, 1_700_000_000.25, 1_700_000_000.25);
    const { stdout, exitCode } = await runSh(observeTimes([path, "/no/such"]), { shell });
    t.is(exitCode, 0);
    const times = parseTimes(stdout.toString().split("\n"));
    t.deepEqual(Object.keys(times), [path]);
    t.is(Math.floor(times[path] ?? 0), 1_700_000_000);
  });
}

const unit = systemdUnit("containerd.service", ["/etc/containerd/config.toml"]);
const running = "ActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\nStarted=1795522485.795104000\n";

test("a unit that runs since its inputs were written is in order", (t) => {
  const observed = systemdUnitKind.parse(unit, output(`${running}1795522485.700000000 /etc/containerd/config.toml\n`));
  t.deepEqual(systemdUnitKind.compare(unit, observed, context()), []);
});

test("a unit whose file was replaced after its start is restarted, without any record of the change", (t) => {
  const observed = systemdUnitKind.parse(unit, output(`${running}1795522486.100000000 /etc/containerd/config.toml\n`));
  t.deepEqual(systemdUnitKind.compare(unit, observed, context()), [
    { what: "restart", from: "/etc/containerd/config.toml is newer than the process" },
  ]);
});

test("a unit that is not there is enabled and started", async (t) => {
  const observed = systemdUnitKind.parse(unit, output("ActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n"));
  const differences = systemdUnitKind.compare(unit, observed, context());
  t.deepEqual(
    differences.map(({ what }) => what),
    ["enabled", "running"],
  );
  const { script } = await systemdUnitKind.change([{ resource: unit, observed, differences }], {} as never);
  t.regex(script, /^systemctl daemon-reload\nsystemctl enable 'containerd\.service'\nsystemctl start 'containerd\.service' \|\|/);
});

test("a unit that fails over and over is restarted", async (t) => {
  const observed = systemdUnitKind.parse(unit, output("ActiveState=activating\nUnitFileState=enabled\nNeedDaemonReload=no\n"));
  const differences = systemdUnitKind.compare(unit, observed, context());
  const { script } = await systemdUnitKind.change([{ resource: unit, observed, differences }], {} as never);
  t.regex(script, /systemctl restart 'containerd\.service'/);
});

const image = { kind: "container-image", name: "registry.k8s.io/pause:3.10.2", architecture: "amd64", digest: "sha256:d6" } as const;
const heading = "REF TYPE DIGEST STATUS SIZE UNPACKED\n";
const manifest = "application/vnd.oci.image.manifest.v1+json";

const images: readonly (readonly [title: string, line: string, differences: readonly string[]])[] = [
  ["complete and unpacked: in order", `${image.name} ${manifest} sha256:d6 complete (2/2) 296.6 KiB/296.6 KiB true`, []],
  ["a broken import leaves its name", `${image.name} ${manifest} sha256:d6 incomplete (1/2) 1 KiB/296.6 KiB false`, ["image"]],
  ["not unpacked", `${image.name} ${manifest} sha256:d6 complete (2/2) 296.6 KiB/296.6 KiB false`, ["image"]],
  ["another content under the same tag", `${image.name} ${manifest} sha256:e7 complete (2/2) 296.6 KiB/296.6 KiB true`, ["digest"]],
  [
    "from a registry it has the digest of its index",
    `${image.name} application/vnd.oci.image.index.v1+json sha256:e7 complete (2/2) 296.6 KiB/296.6 KiB true`,
    [],
  ],
  ["not there", "", ["image"]],
  ["another image whose name begins the same", `${image.name}-extra ${manifest} sha256:d6 complete (2/2) 1 KiB/1 KiB true`, ["image"]],
];

for (const [title, line, expected] of images) {
  test(`an image, ${title}`, (t) => {
    const observed = containerImageKind.parse(image, output(`${heading}${line}\n`));
    t.deepEqual(
      containerImageKind.compare(image, observed, context()).map(({ what }) => what),
      expected,
    );
  });
}

const pod = {
  kind: "static-pod",
  name: "etcd",
  path: "/etc/kubernetes/manifests/etcd.yaml",
  pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "etcd" }, spec: { containers: [{ name: "etcd", env: [] }] } },
  inputs: ["/etc/kubernetes/pki/etcd/server.crt"],
} as const;

function seen(created: string, inputTime: string, text = stringify(pod.pod)) {
  return staticPodKind.parse(
    pod,
    output(`    "CreatedAt": "${created}",\n${inputTime} ${pod.inputs[0]}\n--kboot-manifest--\n600 root:root\n${text}`),
  );
}

test("a static pod whose container is newer than its inputs is in order, also when its manifest is written differently", (t) => {
  const text = "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - name: etcd\nmetadata:\n  name: etcd\n";
  t.deepEqual(staticPodKind.compare(pod, seen("2026-11-24T12:15:20.89010748Z", "1795522520.5", text), context()), []);
});

test("a static pod is restarted when a certificate is newer than its container", (t) => {
  t.deepEqual(staticPodKind.compare(pod, seen("2026-11-24T12:15:20.89010748Z", "1795522521.5"), context()), [
    { what: "restart", from: "/etc/kubernetes/pki/etcd/server.crt is newer than the process" },
  ]);
});

test("a static pod's manifest that says something else is a difference", (t) => {
  const text = stringify({ ...pod.pod, spec: { containers: [] } });
  t.deepEqual(
    staticPodKind.compare(pod, seen("2026-11-24T12:15:20.89010748Z", "1795522520.5", text), context()).map(({ what }) => what),
    ["manifest"],
  );
});

test("the order of a static pod's flags and volumes means nothing, that of a flag's own values does", (t) => {
  const of = (command: readonly string[], names: readonly string[]) => ({
    ...pod.pod,
    spec: {
      containers: [{ name: "etcd", command, volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })) }],
      volumes: names.map((name) => ({ name, hostPath: { path: `/${name}` } })),
    },
  });
  const resource = { ...pod, pod: of(["etcd", "--a=1", "--b=2", "--b=3"], ["x", "y"]) };
  const differences = (live: unknown) =>
    staticPodKind
      .compare(resource, seen("2026-11-24T12:15:20.89010748Z", "1795522520.5", stringify(live)), context())
      .map(({ what }) => what);
  t.deepEqual(differences(of(["etcd", "--b=2", "--a=1", "--b=3"], ["y", "x"])), []);
  t.deepEqual(differences(of(["etcd", "--b=3", "--a=1", "--b=2"], ["x", "y"])), ["manifest"]);
  t.deepEqual(differences(of(["other", "--a=1", "--b=2", "--b=3"], ["x", "y"])), ["manifest"]);
});
