import { quote } from "../../host/quote.ts";
import { kubernetesDir } from "../../kubernetes/paths.ts";
import { kubeletClientPem } from "../../pki/kubeconfig.ts";
import { readCertificate, splitCertificates } from "../../pki/read.ts";
import type { CertificateStatus } from "./document.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Prints each certificate of Kubernetes on a host after a line with its name; those in kubeconfigs are decoded. None is fine too. */
export function certificatesScript(certificatesDir: string): string {
  return `if cd ${quote(certificatesDir)} 2>/dev/null; then
  for f in *.crt etcd/*.crt; do
    [ -r "$f" ] || continue
    echo "== \${f%.crt}"
    cat "$f"
  done
fi
for f in admin super-admin controller-manager scheduler; do
  [ -r ${kubernetesDir}/$f.conf ] || continue
  echo "== $f.conf"
  sed -n 's/.*client-certificate-data: *//p' ${kubernetesDir}/$f.conf | base64 -d
done
[ -r ${kubeletClientPem} ] || exit 0
echo "== kubelet.conf"
sed -n '/BEGIN CERT/,/END CERT/p' ${kubeletClientPem}`;
}

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
