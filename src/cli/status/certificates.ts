import { kubeletClientPem } from "../../pki/kubeconfig.ts";
import { readCertificate, splitCertificates } from "../../pki/read.ts";
import { pkiDir } from "../../pki/table.ts";
import type { CertificateStatus } from "./document.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Prints each certificate of Kubernetes on a host after a line with its name; those in kubeconfigs are decoded. None is fine too. */
export const certificatesScript = `for f in ${pkiDir}/*.crt ${pkiDir}/etcd/*.crt; do
  [ -r "$f" ] || continue
  f=\${f#${pkiDir}/}
  echo "== \${f%.crt}"
  cat "${pkiDir}/$f"
done
for f in admin super-admin controller-manager scheduler; do
  [ -r ${pkiDir}/../$f.conf ] || continue
  echo "== $f.conf"
  sed -n 's/.*client-certificate-data: *//p' ${pkiDir}/../$f.conf | base64 -d
done
[ -r ${kubeletClientPem} ] || exit 0
echo "== kubelet.conf"
sed -n '/BEGIN CERT/,/END CERT/p' ${kubeletClientPem}`;

/** What the script printed. A file that holds no certificate is told by itself, and hides no other. */
export function readCertificates(host: string, text: string, now: Date): readonly CertificateStatus[] {
  const [, ...parts] = text.split(/^== /m);
  return parts.map((part) => {
    const [certificate = ""] = part.split("\n", 1);
    try {
      const { notAfter } = readCertificate(splitCertificates(part)[0] ?? "");
      const days = Math.floor((notAfter.getTime() - now.getTime()) / dayMs);
      return { host, certificate, expires: notAfter.toISOString(), days, why: null };
    } catch {
      return unreadable(host, certificate, "the file holds no certificate that can be read");
    }
  });
}

/** A certificate of which nothing is known. */
export function unreadable(host: string, certificate: string, why: string): CertificateStatus {
  return { host, certificate, expires: null, days: null, why };
}
