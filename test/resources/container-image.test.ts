import test from "ava";
import { Vault } from "../../src/engine/vault.ts";
import { containerImage, containerImageKind } from "../../src/resources/container-image.ts";

const image = containerImage({ name: "registry.example/app:v1", architecture: "amd64", digest: "sha256:aaa", blobs: [] });
const context = { vault: new Vault(), now: new Date(0), changing: new Set<string>() };
const head = "REF TYPE DIGEST STATUS SIZE UNPACKED\n";

/** What differs when containerd's client printed this. */
function differences(stdout: string) {
  const observed = containerImageKind.parse(image, { exitCode: 0, stdout: Buffer.from(stdout) });
  return containerImageKind.compare(image, observed, context);
}

function row({
  status = "complete (3/3)",
  digest = "sha256:aaa",
  type = "application/vnd.oci.image.manifest.v1+json",
  unpacked = "true",
}): string {
  return `${head}registry.example/app:v1 ${type} ${digest} ${status} 1.0 MiB/1.0 MiB ${unpacked}\n`;
}

test("an image is in order when it is complete, unpacked and the wished one", (t) => {
  t.deepEqual(differences(row({})), []);
  t.deepEqual(differences(row({ digest: "sha256:bbb" })), [{ what: "digest", from: "sha256:bbb", to: "sha256:aaa" }]);
  t.deepEqual(differences(row({ status: "incomplete (1/3)" })), [{ what: "image", from: "incomplete", to: "complete" }]);
  t.deepEqual(differences(row({ unpacked: "false" })), [{ what: "image", from: "incomplete", to: "complete" }]);
});

test("the digest of an index, which a pull leaves, is not held against an image", (t) => {
  t.deepEqual(differences(row({ digest: "sha256:bbb", type: "application/vnd.oci.image.index.v1+json" })), []);
});

test("an image is missing where there is no containerd or no such image, and unknown where containerd does not answer", (t) => {
  t.deepEqual(differences(""), [{ what: "image", to: "sha256:aaa" }]);
  t.deepEqual(differences(head), [{ what: "image", to: "sha256:aaa" }]);
  t.like(differences("unknown\n")[0], { from: "unknown, containerd does not answer", unsure: true });
});
