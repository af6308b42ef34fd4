import { inspect } from "node:util";
import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { containerdConfigFile } from "../../src/kubernetes/paths.ts";
import type { FileResource } from "../../src/resources/file.ts";
import { installContainerd } from "../../src/steps/install-containerd.ts";
import { testCluster } from "../kubernetes/fixture.ts";

function configFile(containerd: Readonly<Record<string, unknown>>): FileResource | undefined {
  const artifacts = {
    file: (name: string, version: string, architecture: string) => ({
      ...{ name, version, architecture, format: "tar.gz", sha256: "", payload: { size: 0 } },
      members: ["bin/containerd", "bin/containerd-shim-runc-v2", "bin/ctr", "runc", "bridge", "host-local", "loopback", "portmap"].map(
        (path) => ({ path, sha256: "", size: 0 }),
      ),
    }),
  };
  const site = { cluster: testCluster({ containerd }), facts: new Map([["cp1", { architecture: "amd64" }]]), artifacts };
  const resources = installContainerd.resources?.(site as unknown as Site<Live>, "cp1") ?? [];
  return resources
    .filter((resource): resource is FileResource => resource.kind === "file")
    .find(({ path }) => path === containerdConfigFile);
}

test("containerd's configuration is open to read unless it holds a registry's credential, which is never shown", (t) => {
  t.is(configFile({})?.mode, "0644");
  const registry = { configs: { "registry.example": { auth: { username: "me", password: "hunter2" } } } };
  const secret = configFile({ plugins: { "io.containerd.cri.v1.images": { registry } } });
  t.is(secret?.mode, "0600");
  t.false(inspect(secret, { depth: 9 }).includes("hunter2"));
  t.false(JSON.stringify(secret).includes("hunter2"));
});
