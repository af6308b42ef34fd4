import {
  controlPlaneTaint,
  initWithDefaults,
  joinWithDefaults,
  resetWithDefaults,
  upgradeWithDefaults,
} from "../../kubernetes/kubeadm-documents/defaults.ts";
import type { KubeadmDocuments } from "../../kubernetes/kubeadm-documents/parse.ts";
import { printKubeadmDocuments } from "../../kubernetes/kubeadm-documents/print.ts";
import { writeYaml } from "../../render/go-yaml.ts";
import { Secret } from "../../secret.ts";
import { localValues } from "../local-values.ts";
import { followLinks, replaceFile } from "../replace-file.ts";
import { readKubeadmDocuments } from "./documents.ts";

interface Options {
  readonly oldConfig: string;
  readonly newConfig?: string;
}

/** `kboot config migrate --old-config FILE`: what is written is what kubeadm would read from it, defaults filled in. */
export async function migrateConfig(given: Record<string, unknown>): Promise<void> {
  const { oldConfig, newConfig } = given as unknown as Options;
  const text = migrate(await readKubeadmDocuments(oldConfig));
  if (newConfig === undefined) process.stdout.write(text.reveal());
  else await replaceFile(await followLinks(newConfig), text.reveal());
}

/** Documents of other components stay as they are; kubeadm itself would drop them. */
function migrate(documents: KubeadmDocuments): Secret {
  const { InitConfiguration: init, ClusterConfiguration: cluster, JoinConfiguration: join } = documents;
  const { ResetConfiguration: reset, UpgradeConfiguration: upgrade } = documents;
  const asControlPlane = localValues([controlPlaneTaint]);
  const own = {
    ...(init === undefined && cluster === undefined ? {} : initWithDefaults(init, cluster, asControlPlane)),
    ...(join === undefined
      ? {}
      : { JoinConfiguration: joinWithDefaults(join, join.controlPlane === undefined ? localValues() : asControlPlane) }),
    ...(reset === undefined ? {} : { ResetConfiguration: resetWithDefaults(reset) }),
    ...(upgrade === undefined ? {} : { UpgradeConfiguration: upgradeWithDefaults(upgrade) }),
  };
  const others = [
    { apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration", values: documents.KubeletConfiguration },
    { apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration", values: documents.KubeProxyConfiguration },
  ].flatMap(({ values, ...head }) => (values === undefined ? [] : [writeYaml({ ...head, ...values })]));
  return new Secret([...(Object.keys(own).length === 0 ? [] : [printKubeadmDocuments(own).reveal()]), ...others].join("---\n"));
}
