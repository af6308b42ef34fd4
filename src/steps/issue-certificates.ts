import type { Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { controlPlaneCertificates } from "../pki/table.ts";
import type { CertificateResource } from "../resources/certificate.ts";
import { nodeOf } from "./site.ts";
import { controlPlanes, sameHost } from "./where.ts";

/** The certificates of a control plane, signed by the cluster's authorities. Their keys never leave the host. */
export const issueCertificates: Step<Live> = {
  id: "certificates",
  title: "Issue certificates",
  on: controlPlanes,
  after: sameHost("shared-secrets"),
  resources(site, host) {
    const { cluster } = site;
    const { encryptionAlgorithm: algorithm, certificateValidityDays: validityDays } = cluster;
    return controlPlaneCertificates({ cluster, ...nodeOf(site, host) }).map(
      (entry): CertificateResource => ({ kind: "certificate", ...entry, algorithm, validityDays }),
    );
  },
};
