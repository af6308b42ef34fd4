import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { execa } from "execa";
import { openSources } from "../../../src/artifacts/index.ts";
import { hostVersions } from "../../../src/kubernetes/versions.ts";
import { writeAptIndex } from "../../support/apt-index.ts";

export interface AptRepository {
  /** For /etc/apt/sources.list. */
  readonly line: string;
  close(): Promise<void>;
}

const unit = `[Unit]
Description=containerd, as a package has it

[Service]
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always

[Install]
WantedBy=multi-user.target
`;

/** As Docker's does: a configuration with which no kubelet can work. */
const config = 'disabled_plugins = ["cri"]\n';

const postinst = "#!/bin/sh\nset -e\nsystemctl daemon-reload\nsystemctl enable -q containerd.service\nsystemctl start containerd.service\n";

/** Writes `containerd.deb` with the bundle's containerd and runc, as distributions lay it out: a unit, a conffile, and it starts itself. */
async function makePackage(folder: string, bundle: string): Promise<void> {
  const files = (["containerd", "runc"] as const).map((name) => ({ name, version: hostVersions[name] }));
  const sources = await openSources([{ kind: "bundle", path: bundle }], { files, images: [] }, AbortSignal.timeout(60_000));
  const artifacts = await sources.resolve(["amd64"]);
  const tree = join(folder, "tree");
  const folders = ["usr/bin", "usr/sbin", "usr/lib/systemd/system", "etc/containerd", "DEBIAN"];
  for (const name of folders) await mkdir(join(tree, name), { recursive: true });
  const unpack = async (name: "containerd" | "runc", command: string) => {
    const bytes = (await artifacts.file(name, hostVersions[name], "amd64").payload()).open();
    await execa("sh", ["-c", command], { cwd: tree, input: Readable.from(bytes, { objectMode: false }) });
  };
  await unpack("containerd", "tar -xz -C usr");
  await unpack("runc", "gzip -dc > usr/sbin/runc && chmod 755 usr/sbin/runc");
  await writeFile(join(tree, "usr/lib/systemd/system/containerd.service"), unit);
  await writeFile(join(tree, "etc/containerd/config.toml"), config);
  await writeFile(join(tree, "DEBIAN/conffiles"), "/etc/containerd/config.toml\n");
  await writeFile(join(tree, "DEBIAN/postinst"), postinst, { mode: 0o755 });
  const control = [
    "Package: containerd",
    `Version: ${hostVersions.containerd}-1`,
    "Architecture: amd64",
    "Maintainer: kboot <kboot@localhost>",
  ];
  await writeFile(join(tree, "DEBIAN/control"), `${[...control, "Description: containerd for tests"].join("\n")}\n`);
  await execa("dpkg-deb", ["-Zgzip", "-z1", "--root-owner-group", "--build", tree, join(folder, "containerd.deb")]);
  await rm(tree, { recursive: true });
}

/** Serves an apt repository with the package `containerd` on an address of this machine. */
export async function serveAptRepository(address: string, bundle: string): Promise<AptRepository> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-apt-"));
  await makePackage(folder, bundle);
  await writeAptIndex(folder, "containerd.deb");
  const server = createServer(({ url = "" }, response) => {
    const file = createReadStream(join(folder, basename(url)));
    file.on("error", () => response.writeHead(404).end());
    file.pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    line: `deb [trusted=yes] http://${address}:${port} ./`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
