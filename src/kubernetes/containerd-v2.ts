/** Tables of a configuration file. */
export type Tables = Readonly<Record<string, unknown>>;

const images = "io.containerd.cri.v1.images";
const runtime = "io.containerd.cri.v1.runtime";
const server = "io.containerd.grpc.v1.cri";

/** Of the images' table in version 3, what is in the table `containerd` in version 2. */
const ofContainerd = new Set(["snapshotter", "disable_snapshot_annotations", "discard_unpacked_layers"]);

/**
 * Tables of version 3 as version 2 has them: the one CRI plugin of containerd 1 has become three (containerd 2.2, plugins/cri/*\/plugin.go,
 * which reads the old as the new). Everything else is called the same.
 */
export function toVersion2({ plugins, ...rest }: Tables): Tables {
  if (plugins === undefined) return rest;
  const {
    [images]: imageTable = {},
    [runtime]: runtimeTable = {},
    [server]: serverTable = {},
    ...others
  } = plugins as Record<string, Tables>;
  const { pinned_images: pinned, ...imageSettings } = imageTable;
  const { cni, containerd, ...runtimeSettings } = runtimeTable;
  const moved = (isInContainerd: boolean) =>
    Object.fromEntries(Object.entries(imageSettings).filter(([key]) => ofContainerd.has(key) === isInContainerd));
  const { bin_dirs: folders, ...cniSettings } = (cni ?? {}) as Tables & { bin_dirs?: readonly string[] };
  const sandbox = (pinned as Tables | undefined)?.["sandbox"];
  const cri = {
    ...serverTable,
    ...runtimeSettings,
    ...moved(false),
    ...(sandbox === undefined ? {} : { sandbox_image: sandbox }),
    cni: { ...cniSettings, ...(folders?.[0] === undefined ? {} : { bin_dir: folders[0] }) },
    containerd: { ...(containerd as Tables | undefined), ...moved(true) },
  };
  return { ...rest, plugins: { ...others, [server]: cri } };
}
