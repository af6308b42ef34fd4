import { Argument, type Command, Option } from "commander";
import { renewable } from "./certs/managed.ts";
import type { Define } from "./define.ts";

/** `kboot certs`, as `kubeadm certs` has it. */
export function defineCerts(program: Command, define: Define): void {
  const certs = program.command("certs").description("work with the certificates of this control plane, as kubeadm does");
  withFolders(
    define(
      certs,
      "check-expiration",
      "show when the certificates of this machine expire",
      "kboot certs check-expiration -o json",
      async () => (await import("./certs/check-expiration.ts")).checkExpiration,
    ),
  ).addOption(new Option("-o, --output <form>", "how to print it").choices(["text", "json", "yaml"]).default("text"));
  withFolders(
    define(
      certs,
      "renew",
      "issue certificates of this machine anew, with a new key, whenever they expire",
      "kboot certs renew all",
      async () => (await import("./certs/renew.ts")).renewCertificates,
    ),
  ).addArgument(new Argument("<certificate>", "one of them, or all").choices(renewable));
  define(
    certs,
    "generate-csr",
    "make keys and signing requests for all certificates of a control plane, for a CA whose key is elsewhere",
    "kboot certs generate-csr --cert-dir csr/pki --kubeconfig-dir csr",
    async () => (await import("./certs/generate-csr.ts")).generateCsr,
  )
    .option("--cert-dir <path>", "where to put keys and requests (default: what the file says, else /etc/kubernetes/pki)")
    .option("--config <file>", "a file with kubeadm's documents")
    .option("--kubeconfig-dir <path>", "where to put kubeconfigs with their requests", "/etc/kubernetes");
  define(
    certs,
    "certificate-key",
    "make up a key with which a control plane's certificates are encrypted, and store it nowhere",
    "kboot certs certificate-key",
    async () => (await import("./certs/certificate-key.ts")).certificateKey,
  );
}

function withFolders(command: Command): Command {
  return command
    .option("--cert-dir <path>", "where the certificates are (default: what the cluster says, else /etc/kubernetes/pki)")
    .option("--config <file>", "a file with kubeadm's documents, instead of asking the cluster")
    .option("--kubeconfig <path>", "ask the cluster by this kubeconfig, where it is there", "/etc/kubernetes/admin.conf")
    .option("--kubeconfig-dir <path>", "where admin.conf and the others are", "/etc/kubernetes");
}

/** `kboot kubeconfig user`, as kubeadm has it. */
export function defineKubeconfigUser(kubeconfig: Command, define: Define): void {
  define(
    kubeconfig,
    "user",
    "print a kubeconfig for one more user, signed by the CA on this control plane, as kubeadm does",
    "kboot kubeconfig user --client-name ann --org admins --validity-period 24h",
    async () => (await import("./kubeconfig-user.ts")).userKubeconfig,
  )
    .requiredOption("--client-name <name>", "name of the user, and common name of the certificate")
    .option("--org <name,...>", "groups of the user, the organizations of the certificate")
    .option("--token <token>", "a token instead of a certificate")
    .option("--validity-period <duration>", "how long the certificate is valid", "8760h0m0s")
    .option("--config <file>", "a file with kubeadm's documents");
}
