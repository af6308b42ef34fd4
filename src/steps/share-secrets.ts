import type { Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { kubernetesDir } from "../kubernetes/paths.ts";
import { directory } from "../resources/directory.ts";
import { sharedSecret } from "../resources/shared-secret.ts";
import { controlPlanes } from "./where.ts";

/**
 * The authorities and the service account key, the same on every control plane. They land on one first, and only then is anything
 * signed with them.
 */
export const shareSecrets: Step<Live> = {
  id: "shared-secrets",
  title: "Put the cluster's authorities in place",
  on: controlPlanes,
  after: [],
  exclusive: 1,
  resources({ cluster }) {
    const { certificatesDir: pki } = cluster;
    const common = { algorithm: cluster.encryptionAlgorithm, validityDays: cluster.caCertificateValidityDays };
    const authority = (name: string, commonName: string, base: string) =>
      sharedSecret({ name, commonName, certificatePath: `${pki}/${base}.crt`, keyPath: `${pki}/${base}.key`, ...common });
    return [
      directory(kubernetesDir),
      directory(pki),
      directory(`${pki}/etcd`),
      authority("ca", "kubernetes", "ca"),
      authority("front-proxy-ca", "front-proxy-ca", "front-proxy-ca"),
      authority("etcd-ca", "etcd-ca", "etcd/ca"),
      sharedSecret({ name: "sa", publicKeyPath: `${pki}/sa.pub`, keyPath: `${pki}/sa.key`, ...common }),
    ];
  },
};
