import { KbootError } from "../../errors.ts";
import { parseDuration } from "../../kubernetes/duration.ts";
import { clusterWithDefaults } from "../../kubernetes/kubeadm-documents/defaults.ts";
import { parseKubeadmDocuments } from "../../kubernetes/kubeadm-documents/parse.ts";
import type { ClusterConfiguration } from "../../kubernetes/kubeadm-documents/v1beta4.ts";
import { newestKubernetes } from "../../kubernetes/versions.ts";
import type { KeyAlgorithm } from "../../pki/keys.ts";
import { readKubeadmDocuments } from "../config/documents.ts";
import { withApi } from "../open-api.ts";
import { isFile } from "./files.ts";

/** Options of commands on the certificates of this machine. */
export interface CertificateOptions {
  readonly certDir?: string;
  readonly config?: string;
  /** To ask the cluster for its configuration, where no file says it. */
  readonly kubeconfig: string;
  /** Where the kubeconfigs of the control plane are. */
  readonly kubeconfigDir: string;
}

/** How certificates are issued here, and where they are. */
export interface CertificateSettings {
  readonly certificatesDir: string;
  readonly kubeconfigDir: string;
  readonly hasLocalEtcd: boolean;
  readonly algorithm: KeyAlgorithm;
  readonly validityMs: number;
}

/**
 * From the file of --config, else from what the cluster has recorded, else kubeadm's defaults; `tell` gets what kubeadm says
 * meanwhile. --cert-dir stands above all.
 */
export async function loadSettings(
  options: CertificateOptions,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<CertificateSettings> {
  const given =
    options.config === undefined
      ? await readFromCluster(options.kubeconfig, tell, signal)
      : ((await readKubeadmDocuments(options.config)).ClusterConfiguration ?? {});
  const { certificatesDir, etcd, encryptionAlgorithm, certificateValidityPeriod } = clusterWithDefaults(given, {
    kubernetesVersion: newestKubernetes,
  });
  return {
    certificatesDir: options.certDir ?? certificatesDir,
    kubeconfigDir: options.kubeconfigDir,
    hasLocalEtcd: "local" in etcd,
    algorithm: encryptionAlgorithm,
    validityMs: parseDuration(certificateValidityPeriod),
  };
}

const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kubeadm-config", namespace: "kube-system" } };

/** A cluster that does not answer must not keep anybody from renewing what has expired. */
async function readFromCluster(kubeconfig: string, tell: (line: string) => void, signal: AbortSignal): Promise<ClusterConfiguration> {
  if (!(await isFile(kubeconfig))) return {};
  tell('Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...');
  try {
    return await withApi({ kubeconfig }, "certs", signal, async (api) => {
      const found = await api.get(configMap, signal);
      const data = found?.["data"] as Readonly<Record<string, string>> | undefined;
      const text = data?.["ClusterConfiguration"];
      if (text === undefined) throw new KbootError("api", "the cluster has no ConfigMap kubeadm-config in kube-system");
      return parseKubeadmDocuments(text, "ConfigMap kubeadm-config").ClusterConfiguration ?? {};
    });
  } catch (error) {
    if (!(error instanceof KbootError) || error.code === "cancelled") throw error;
    process.stderr.write(`${error.message}\n`);
    tell("Error reading configuration from the Cluster. Falling back to default configuration");
    return {};
  }
}
