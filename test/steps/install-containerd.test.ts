import { inspect } from "node:util";
import test from "ava";
import { kindOf } from "../../src/engine/compose.ts";
import type { Artifacts, Site, StoredFile } from "../../src/engine/contracts.ts";
import type { ContainerRuntime } from "../../src/inventory/cluster.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { containerdConfigFile } from "../../src/kubernetes/paths.ts";
import type { FileResource } from "../../src/resources/file.ts";
import { hostKinds } from "../../src/resources/index.ts";
import type { SystemdUnitResource } from "../../src/resources/systemd-unit.ts";
import type { Secret } from "../../src/secret.ts";
import { installContainerd } from "../../src/steps/install-containerd.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";
import { noArtifacts } from "../support/kind.ts";

/** Has every file that is asked for, with the members of all. */
const artifacts: Artifacts = {
  ...noArtifacts,
  file: (name, version, architecture) => {
    const paths = ["bin/containerd", "bin/containerd-shim-runc-v2", "bin/ctr", "runc", "bridge", "host-local", "loopback", "portmap"];
    return { name, version, architecture, members: paths.map((path) => ({ path, sha256: name, size: 1 })) } as unknown as StoredFile;
  },
};

function resources(containerRuntime: ContainerRuntime, containerd: Readonly<Record<string, unknown>> = {}) {
  const site = {
    cluster: testCluster({ containerd, hosts: [testHost({ containerRuntime })] }),
    facts: new Map([["worker1", { architecture: "amd64" }]]),
    artifacts,
  } as unknown as Site<Live>;
  return installContainerd.resources?.(site, "worker1") ?? [];
}

function idsOf(containerRuntime: ContainerRuntime): readonly string[] {
  return resources(containerRuntime).map((resource) => kindOf(hostKinds, resource).id(resource));
}

const plugins = ["bridge", "host-local", "loopback", "portmap"].map((name) => `binary:/opt/cni/bin/${name}`);

test("from the sources, programs and a unit of kboot's own", (t) => {
  t.deepEqual(idsOf({ from: "sources" }), [
    ...plugins,
    "directory:/etc/cni/net.d",
    "binary:/usr/local/bin/containerd",
    "binary:/usr/local/bin/containerd-shim-runc-v2",
    "binary:/usr/local/bin/ctr",
    "binary:/usr/local/bin/runc",
    "file:/etc/containerd/config.toml",
    "file:/etc/systemd/system/containerd.service",
    "absent:/etc/systemd/system/containerd.service.d/10-kboot.conf",
    "systemd-unit:containerd.service",
    "containerd-plugin:cri",
  ]);
});

test("from a package, the configuration before it, and nothing that hides its programs and unit", (t) => {
  t.deepEqual(idsOf({ from: "package", package: "containerd.io" }), [
    ...plugins,
    "directory:/etc/cni/net.d",
    "absent:/usr/local/bin/containerd",
    "absent:/usr/local/bin/containerd-shim-runc-v2",
    "absent:/usr/local/bin/ctr",
    "absent:/usr/local/bin/runc",
    "absent:/etc/systemd/system/containerd.service",
    "file:/etc/containerd/config.toml",
    "absent:/etc/systemd/system/containerd.service.d/10-kboot.conf",
    "package:containerd.io",
    "systemd-unit:containerd.service",
    "containerd-plugin:cri",
  ]);
});

test("a package's containerd starts again after an upgrade, whose traces are dpkg's", (t) => {
  const unit = resources({ from: "package", package: "containerd.io" }).find(({ kind }) => kind === "systemd-unit") as SystemdUnitResource;
  t.true(unit.inputs.includes("/var/lib/dpkg/info/containerd.io.list"));
});

const sources: readonly ContainerRuntime[] = [{ from: "sources" }, { from: "package", package: "containerd" }];

for (const runtime of sources) {
  test(`from ${runtime.from}, the configuration is open to read unless it holds a registry's credential, which is never shown`, (t) => {
    const configFile = (containerd = {}) =>
      resources(runtime, containerd).find((resource) => (resource as FileResource).path === containerdConfigFile) as FileResource;
    t.is(configFile().mode, "0644");
    const registry = { configs: { "registry.example": { auth: { username: "me", password: "hunter2" } } } };
    const secret = configFile({ plugins: { "io.containerd.cri.v1.images": { registry } } });
    t.is(secret.mode, "0600");
    t.false(inspect(secret, { depth: 9 }).includes("hunter2"));
    t.false(JSON.stringify(secret).includes("hunter2"));
    t.true(String((secret.content as Secret).reveal()).includes("hunter2"));
  });
}

test("of the host's own, only that it runs with its CRI plugin", (t) => {
  t.deepEqual(idsOf({ from: "host" }), ["systemd-unit:containerd.service", "containerd-plugin:cri"]);
  const [unit] = resources({ from: "host" });
  t.deepEqual((unit as SystemdUnitResource).inputs, []);
});
