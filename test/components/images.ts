import { join } from "node:path";
import { componentsFor, releaseOf, versions } from "./components.ts";
import { appletsOf } from "./debian-tree.ts";
import { type Image, type ImageConfig, type Layer, writeImage, writeIndex, writeLayer } from "./oci-layout.ts";
import type { Built } from "./stored-files.ts";
import { directories, entriesOf, executable, symlink, type TarEntry, text } from "./tar.ts";

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The capability to listen on ports below 1024, permitted and effective (struct vfs_cap_data, revision 2, little endian). */
const netBindService = Buffer.from("0100000200040000000000000000000000000000", "hex");

const scratchFolders: readonly TarEntry[] = [
  { type: "directory", path: "tmp", mode: 0o1777 },
  { type: "directory", path: "root", mode: 0o700 },
  ...directories("etc", "run", "var"),
  symlink("var/run", "../run"),
];

/** What the distroless images have below upstream's programs. */
const baseEntries: readonly TarEntry[] = [
  ...scratchFolders,
  text(
    "etc/passwd",
    "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  ),
  text("etc/group", "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"),
  text("etc/nsswitch.conf", "hosts: files dns\n"),
];

/** A system of busybox alone, all of its applets in /bin. */
function busyboxEntries(busybox: string, applets: readonly string[]): TarEntry[] {
  return [
    ...scratchFolders,
    text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n"),
    text("etc/group", "root:x:0:\nnobody:x:65534:\n"),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
    ...directories("bin", "home", "usr", "usr/bin"),
    executable("bin/busybox", busybox),
    ...applets.map((applet) => symlink(`bin/${applet}`, "busybox")),
    symlink("usr/bin/env", "../../bin/env"),
  ];
}

/** The last layer of a Kubernetes image: the name by which its program is called. */
function nameEntries(component: string): TarEntry[] {
  return [symlink(`usr/local/bin/${component}`, "kubernetes")];
}

/** Writes the images of `kubernetes`, by upstream's names and tags, as one OCI layout at `root`. */
export async function writeImages(root: string, kubernetes: string, built: Built): Promise<Image[]> {
  const release = releaseOf(kubernetes);
  const components = componentsFor(kubernetes);
  const layer = (entries: readonly TarEntry[]): Promise<Layer> => writeLayer(root, entries);
  const tree = join(built.tools, "tree");
  const busybox = join(tree, "usr", "bin", "busybox");
  const localBin = directories("usr", "usr/local", "usr/local/bin");
  const [base, multiCall, tools, shell] = await Promise.all([
    layer(baseEntries),
    layer([...localBin, executable("usr/local/bin/kubernetes", join(built.kubernetes, "kubernetes"))]),
    layer(await entriesOf(tree)),
    layer(busyboxEntries(busybox, await appletsOf(busybox))),
  ]);

  const images: Image[] = [];
  const add = async (name: string, config: ImageConfig, layers: readonly Layer[]): Promise<void> => {
    images.push(await writeImage(root, name, { Env: [path], WorkingDir: "/", ...config }, layers));
  };
  for (const component of ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"]) {
    const below = component === "kube-proxy" ? [base, tools, multiCall] : [base, multiCall];
    const config = { Entrypoint: [`/usr/local/bin/${component}`] };
    await add(`registry.k8s.io/${component}:v${kubernetes}`, config, [...below, await layer(nameEntries(component))]);
  }
  const etcd = ["etcd", "etcdctl", "etcdutl"].map((program) => executable(`usr/local/bin/${program}`, join(built.etcd, program)));
  await add(`registry.k8s.io/etcd:${release.etcdImage}`, { Entrypoint: ["/usr/local/bin/etcd"] }, [
    base,
    await layer([...localBin, ...etcd]),
  ]);
  // As upstream: not root, port 53 by a capability of the file.
  const coreDns: TarEntry = {
    type: "file",
    path: "coredns",
    mode: 0o755,
    content: { file: join(built.coreDns, "coredns") },
    capabilities: netBindService,
  };
  await add(`registry.k8s.io/coredns/coredns:v${components.coreDns.version}`, { Entrypoint: ["/coredns"], User: "nonroot:nonroot" }, [
    base,
    await layer([coreDns]),
  ]);
  await add(`registry.k8s.io/pause:${release.pause}`, { Entrypoint: ["/pause"], User: "65535:65535" }, [
    await layer([executable("pause", join(built.pause, "pause"))]),
  ]);
  await add(`ghcr.io/flannel-io/flannel:v${versions.flannel}`, { Entrypoint: ["/opt/bin/flanneld"] }, [
    base,
    tools,
    await layer([...directories("opt", "opt/bin"), executable("opt/bin/flanneld", join(built.flannel, "flanneld"))]),
  ]);
  await add(`ghcr.io/flannel-io/flannel-cni-plugin:v${versions.flannelCniPlugin}`, {}, [
    shell,
    await layer([executable("flannel", join(built.flannelCniPlugin, "flannel"))]),
  ]);
  await add(`docker.io/library/busybox:${versions.busybox}`, { Cmd: ["sh"] }, [shell]);
  await writeIndex(root, images);
  return images.sort((a, b) => (a.name < b.name ? -1 : 1));
}
