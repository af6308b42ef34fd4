import type { AnyResource, Site, Step } from "../engine/contracts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import {
  containerdBinaries,
  containerdConfig,
  containerdDropIn,
  containerdDropInFile,
  containerdUnit,
  containerdUnitFile,
  packagedContainerdConfig,
  registryHosts,
} from "../kubernetes/containerd.ts";
import { hasCredentials } from "../kubernetes/credentials.ts";
import type { Live } from "../kubernetes/live.ts";
import { binDir, cniBinDir, cniConfDir, containerdConfigFile } from "../kubernetes/paths.ts";
import { hostVersions, leastContainerd } from "../kubernetes/versions.ts";
import { wantedRegistries } from "../network/cluster-images.ts";
import { networkPlugin } from "../network/index.ts";
import { absent } from "../resources/absent.ts";
import { binary } from "../resources/binary.ts";
import { criPlugin } from "../resources/containerd-plugin.ts";
import { directory } from "../resources/directory.ts";
import { file } from "../resources/file.ts";
import { aptPackage } from "../resources/package.ts";
import { systemdUnit } from "../resources/systemd-unit.ts";
import { Secret } from "../secret.ts";
import { factsOf } from "./site.ts";
import { interruptsBy } from "./turns.ts";
import { everyHost, sameHost, specOf } from "./where.ts";

/** Of the CNI plugins, those that pod networks and containerd call. */
const cniPlugins = ["bridge", "host-local", "loopback", "portmap"];

const unit = "containerd.service";

/** Open to read, unless it holds a registry's credential. */
function configFile({ containerd }: Cluster, text: string): AnyResource {
  return hasCredentials(containerd) ? file(containerdConfigFile, new Secret(text), { mode: "0600" }) : file(containerdConfigFile, text);
}

/** The environment that the pod network wants its CNI plug-in to have. */
function dropIn(cluster: Cluster): AnyResource {
  const environment = networkPlugin(cluster)?.runtimeEnvironment ?? {};
  const isEmpty = Object.keys(environment).length === 0;
  return isEmpty ? absent(containerdDropInFile) : file(containerdDropInFile, containerdDropIn(environment));
}

function fromSources({ cluster, artifacts }: Site<Live>, architecture: string): readonly AnyResource[] {
  const containerd = artifacts.file("containerd", hostVersions.containerd, architecture);
  const runc = artifacts.file("runc", hostVersions.runc, architecture);
  return [
    ...containerdBinaries.map((name) => binary(`${binDir}/${name}`, containerd, `bin/${name}`)),
    binary(`${binDir}/runc`, runc, "runc"),
    configFile(cluster, containerdConfig(cluster)),
    file(containerdUnitFile, containerdUnit()),
    dropIn(cluster),
    systemdUnit(unit, [`${binDir}/containerd`, containerdConfigFile, containerdUnitFile, containerdDropInFile]),
  ];
}

/** The configuration first: the package starts containerd. What kboot brought itself would hide the package's unit and programs. */
function fromPackage({ cluster }: Site<Live>, name: string): readonly AnyResource[] {
  const containerd = aptPackage(name, leastContainerd);
  return [
    ...[...containerdBinaries, "runc"].map((program) => absent(`${binDir}/${program}`)),
    absent(containerdUnitFile),
    configFile(cluster, packagedContainerdConfig(cluster)),
    dropIn(cluster),
    containerd,
    systemdUnit(unit, [containerd.listPath, containerdConfigFile, containerdUnitFile, containerdDropInFile]),
  ];
}

/** All else, the CNI plugins too, is as the owner of the host has it. */
const ofOwner: readonly AnyResource[] = [systemdUnit(unit, []), criPlugin];

/** Installs the container runtime: containerd, runc and the basic CNI plugins, and sees that the kubelet can use it. */
export const installContainerd: Step<Live> = {
  id: "containerd",
  title: "Install containerd",
  on: everyHost,
  after: sameHost("kernel"),
  interrupts: interruptsBy((id) => id === `systemd-unit:${unit}`),
  resources(site, host) {
    const { architecture } = factsOf(site, host);
    const { containerRuntime } = specOf(site.cluster, host);
    if (containerRuntime.from === "host") return ofOwner;
    const plugins = site.artifacts.file("cni-plugins", hostVersions.cniPlugins, architecture);
    return [
      ...cniPlugins.map((name) => binary(`${cniBinDir}/${name}`, plugins, name)),
      directory(cniConfDir),
      ...registryHosts(site.cluster, wantedRegistries(site.cluster)).map(({ path, content }) => file(path, content)),
      ...(containerRuntime.from === "package" ? fromPackage(site, containerRuntime.package) : fromSources(site, architecture)),
      criPlugin,
    ];
  },
};
