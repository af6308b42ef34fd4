import { type HostKinds, kindOf } from "../engine/compose.ts";
import type { AnyResource, HostKind } from "../engine/contracts.ts";
import { absentKind } from "./absent.ts";
import { binaryKind } from "./binary.ts";
import { certificateKind } from "./certificate.ts";
import { cloudInitKind } from "./cloud-init.ts";
import { containerImageKind } from "./container-image.ts";
import { containerdPluginKind } from "./containerd-plugin.ts";
import { directoryKind } from "./directory.ts";
import { fileKind } from "./file.ts";
import { goneKind } from "./gone.ts";
import { hostsEntryKind } from "./hosts-entry.ts";
import { kernelModuleKind } from "./kernel-module.ts";
import { kubeconfigKind } from "./kubeconfig.ts";
import { type ObjectResource, objectKind } from "./object.ts";
import { packageKind } from "./package.ts";
import { sharedSecretKind } from "./shared-secret.ts";
import { staticPodKind } from "./static-pod.ts";
import { sysctlKind } from "./sysctl.ts";
import { systemdUnitKind } from "./systemd-unit.ts";

export { objectKind as objectClusterKind };

/** What kboot makes on a host, by kind. */
const madeKinds: HostKinds = new Map(
  (
    [
      absentKind,
      binaryKind,
      certificateKind,
      cloudInitKind,
      containerImageKind,
      containerdPluginKind,
      directoryKind,
      fileKind,
      hostsEntryKind,
      kernelModuleKind,
      kubeconfigKind,
      packageKind,
      sharedSecretKind,
      staticPodKind,
      sysctlKind,
      systemdUnitKind,
    ] as unknown as readonly HostKind[]
  ).map((kind) => [kind.kind, kind]),
);

/** Every kind of resource that a host can have. */
export const hostKinds: HostKinds = new Map([...madeKinds, ["gone", goneKind(madeKinds) as unknown as HostKind]]);

/** The id of any resource, of a host or of the cluster. */
export function resourceId(resource: AnyResource): string {
  return resource.kind === objectKind.kind ? objectKind.id(resource as ObjectResource) : kindOf(hostKinds, resource).id(resource);
}
