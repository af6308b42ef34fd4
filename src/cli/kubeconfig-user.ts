import { join } from "node:path";
import { KbootError } from "../errors.ts";
import { parseDuration } from "../kubernetes/duration.ts";
import { initWithDefaults } from "../kubernetes/kubeadm-documents/defaults.ts";
import { issueCertificate } from "../pki/issue.ts";
import { buildKubeconfig, buildTokenKubeconfig } from "../pki/kubeconfig.ts";
import { Secret } from "../secret.ts";
import { readAuthority } from "./certs/files.ts";
import { readKubeadmDocuments } from "./config/documents.ts";
import { localValues } from "./local-values.ts";
import { controlPlaneServer } from "./servers.ts";

interface Options {
  readonly clientName: string;
  readonly org?: string;
  readonly token?: string;
  readonly validityPeriod: string;
  readonly config?: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const usualMs = 365 * dayMs;

/** `kboot kubeconfig user --client-name NAME`: prints a kubeconfig, signed by the cluster's CA on this machine, or with a token. */
export async function userKubeconfig(given: Record<string, unknown>): Promise<void> {
  const { clientName: user, org = "", token, validityPeriod, config } = given as unknown as Options;
  const validityMs = parseDuration(validityPeriod);
  if (validityMs <= 0)
    throw new KbootError("usage", `--validity-period: ${validityPeriod} is over at once`, { hint: "write one such as 24h" });
  if (validityMs > usualMs) process.stderr.write(`the certificate is valid for longer than the usual year, and nobody can revoke it\n`);
  const documents = config === undefined ? undefined : await readKubeadmDocuments(config);
  const { InitConfiguration: init, ClusterConfiguration: cluster } = initWithDefaults(
    documents?.InitConfiguration,
    documents?.ClusterConfiguration,
    localValues(),
  );
  const { certificatesDir, clusterName, encryptionAlgorithm: algorithm } = cluster;
  const ca = await readAuthority("ca", { certificatesDir, kubeconfigDir: "/etc/kubernetes", hasLocalEtcd: false, algorithm, validityMs });
  const api = { server: controlPlaneServer(cluster, init.localAPIEndpoint), caCert: ca.certificatePem, clusterName, user };
  if (token !== undefined) {
    print(buildTokenKubeconfig({ ...api, token: new Secret(token) }));
    return;
  }
  if (ca.key === undefined) {
    throw new KbootError("pki", `the key of the cluster's CA is not on this machine: ${join(certificatesDir, "ca.key")} is missing`, {
      hint: "run this where the key is, let its owner sign a request, or give a --token",
    });
  }
  const organizations = org.split(",").filter((name) => name !== "");
  const wish = { commonName: user, organizations, usages: ["clientAuth"], dnsNames: [], ipAddresses: [] } as const;
  const issued = await issueCertificate({ ...wish, now: new Date(), validityDays: validityMs / dayMs, algorithm }, { ...ca, key: ca.key });
  print(buildKubeconfig({ ...api, ...issued }));
}

/** With an empty line at the end, as kubeadm prints it. */
function print(kubeconfig: Secret): void {
  process.stdout.write(`${kubeconfig.reveal()}\n`);
}
