import { resolve } from "node:path";
import { createBundle as create } from "../artifacts/create-bundle.ts";
import { Store } from "../artifacts/store.ts";
import { upstream } from "../artifacts/upstream.ts";
import { KbootError } from "../errors.ts";
import { parseInventory } from "../inventory/parse.ts";
import { judgeUrl } from "../inventory/syntax.ts";
import { count } from "../ui/count.ts";
import { wantedBy } from "./operate.ts";

interface Options {
  readonly version: string;
  readonly output: string;
  readonly architecture: readonly string[];
  readonly network: string;
  readonly image: readonly string[];
  readonly upstream?: string;
}

/** `kboot bundle create` */
export async function createBundle(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const { version, output, architecture, network, image, upstream: base } = options as unknown as Options;
  const wanted = wantedFor(version, network);
  for (const name of image) {
    if (!/^[^/]*[.:][^/]*\/.+:[^:/]+$/.test(name)) {
      throw new KbootError("usage", `${name} is not the full name of an image`, { hint: "write it like docker.io/library/busybox:1.37" });
    }
  }
  const unknown = architecture.find((name) => !["amd64", "arm64"].includes(name));
  if (unknown !== undefined) throw new KbootError("usage", `there are no files for ${unknown}`, { hint: "one of amd64, arm64" });
  const wrong = base === undefined ? undefined : judgeUrl(base);
  if (wrong !== undefined) throw new KbootError("usage", wrong);
  const all = { ...wanted, images: [...new Set([...wanted.images, ...image])] };
  const store = new Store();
  const began = Date.now();
  const say = (text: string) => process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
  const folder = resolve(output);
  const made = await create(
    { wanted: all, architectures: [...new Set(architecture)], output: folder },
    upstream(all, store, base),
    store,
    say,
    signal,
  );
  process.stdout.write(`${folder}: ${count(made.files.length, "file")}, ${count(made.images.length, "image")}\n`);
}

/** What a cluster of this version with this network needs: the inventory's rules and defaults hold here too. */
function wantedFor(version: string, network: string) {
  const inventory = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: "bundle" },
    spec: {
      kubernetesVersion: version,
      network: { plugin: network },
      hosts: [{ name: "cp1", address: "192.0.2.1", role: "control-plane" }],
    },
  };
  const { cluster, problems } = parseInventory(JSON.stringify(inventory), { file: "bundle.yaml", home: "/" });
  if (cluster === undefined) throw new KbootError("usage", problems.map(({ message }) => message).join("\n"));
  return wantedBy(cluster, "control-plane");
}
