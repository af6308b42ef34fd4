/** What a certificate is for. */
export type Usage = "serverAuth" | "clientAuth";

/** A use by its name, or one of others by its object identifier: `1.3.6.1.5.5.7.3.4`. */
export type UsageName = Usage | `${number}.${string}`;

/** Object identifiers of extended key usages (RFC 5280, 4.2.1.12). */
export const usageIds: Readonly<Record<Usage, string>> = { serverAuth: "1.3.6.1.5.5.7.3.1", clientAuth: "1.3.6.1.5.5.7.3.2" };

/** The object identifier of a use. */
export function usageId(usage: UsageName): string {
  return Object.hasOwn(usageIds, usage) ? usageIds[usage as Usage] : usage;
}
