import { writeYaml } from "../render/go-yaml.ts";
import { printHumanDuration } from "./duration.ts";

/** When a certificate ends. */
export interface Expiration {
  readonly name: string;
  /** Undefined: there is no such file. */
  readonly found?: {
    readonly notAfter: Date;
    /** Its authority's key is not on this machine. */
    readonly isExternal: boolean;
    /** Undefined for an authority. */
    readonly authority?: string;
  };
}

export interface Expirations {
  readonly certificates: readonly Expiration[];
  readonly authorities: readonly Expiration[];
}

export type ExpirationForm = "text" | "json" | "yaml";

/**
 * As `kubeadm certs check-expiration` prints it, byte for byte: two tables, or a CertificateExpirationInfo (output.kubeadm.k8s.io/v1alpha3).
 */
export function printExpirations({ certificates, authorities }: Expirations, form: ExpirationForm, now: Date): string {
  if (form === "text") {
    const ends = ["EXPIRES", "RESIDUAL TIME"];
    const first = ["CERTIFICATE", ...ends, "CERTIFICATE AUTHORITY", "EXTERNALLY MANAGED"];
    const second = ["CERTIFICATE AUTHORITY", ...ends, "EXTERNALLY MANAGED"];
    return `${table(first, certificates, now)}\n${table(second, authorities, now)}`;
  }
  const object = {
    kind: "CertificateExpirationInfo",
    apiVersion: "output.kubeadm.k8s.io/v1alpha3",
    certificates: certificates.map((row) => describe(row, now)),
    certificateAuthorities: authorities.map((row) => describe(row, now)),
  };
  return form === "json" ? `${JSON.stringify(object, null, 4)}\n` : writeYaml(object);
}

function table(headings: readonly string[], expirations: readonly Expiration[], now: Date): string {
  const rows = [
    headings,
    ...expirations.map(({ name, found }) => {
      if (found === undefined) return [`!MISSING! ${name}`, ...headings.slice(1).map(() => "")];
      const { notAfter, isExternal, authority } = found;
      const cells = [name, printTime(notAfter), printHumanDuration(secondsLeft(notAfter, now) * 1000)];
      return [...cells, ...(authority === undefined ? [] : [authority]), (isExternal ? "yes" : "no").padEnd(8)];
    }),
  ];
  const widths = headings.slice(0, -1).map((_, column) => Math.max(10, ...rows.map((cells) => (cells[column] ?? "").length + 3)));
  return rows.map((cells) => `${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("")}\n`).join("");
}

/** `Jan 02, 2006 15:04 UTC`. */
function printTime(time: Date): string {
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) (\d+) (\d+:\d+)/.exec(time.toUTCString()) ?? [];
  return `${month} ${day}, ${year} ${clock} UTC`;
}

function secondsLeft(notAfter: Date, now: Date): number {
  return Math.trunc((notAfter.getTime() - now.getTime()) / 1000);
}

function describe({ name, found }: Expiration, now: Date): Readonly<Record<string, unknown>> {
  return {
    name,
    expirationDate: found?.notAfter.toISOString().replace(/\.\d+Z$/, "Z") ?? null,
    residualTime: found === undefined ? 0 : secondsLeft(found.notAfter, now),
    externallyManaged: found?.isExternal ?? false,
    ...(found?.authority === undefined ? {} : { caName: found.authority }),
    missing: found === undefined,
  };
}
