import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { Secret } from "../../src/secret.ts";

export interface TestCertificate {
  readonly certificate: string;
  readonly key: Secret;
}

/** Makes a CA and, signed by it, certificates for a server named `kubernetes` and for an administrator, all by openssl. */
export async function makeCertificates(): Promise<{ ca: TestCertificate; server: TestCertificate; client: TestCertificate }> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-pki-"));
  try {
    const openssl = (...words: string[]) => execa("openssl", words, { cwd: folder });
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    await openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=kubernetes", "-days", "2");
    for (const [name, subject, extension] of [
      ["server", "/CN=server", "subjectAltName=DNS:kubernetes,IP:127.0.0.1"],
      ["client", "/O=system:masters/CN=client", "extendedKeyUsage=clientAuth"],
    ] as const) {
      await openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
      await writeFile(join(folder, `${name}.ext`), extension);
      const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
      await openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.crt`, ...signed);
    }
    const read = async (name: string) => ({
      certificate: await readFile(join(folder, `${name}.crt`), "utf8"),
      key: new Secret(await readFile(join(folder, `${name}.key`), "utf8")),
    });
    return { ca: await read("ca"), server: await read("server"), client: await read("client") };
  } finally {
    await rm(folder, { recursive: true });
  }
}
