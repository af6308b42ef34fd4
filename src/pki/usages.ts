/** What a certificate is for. */
export type Usage = "serverAuth" | "clientAuth";

/** Object identifiers of extended key usages (RFC 5280, 4.2.1.12). */
export const usageIds: Readonly<Record<Usage, string>> = { serverAuth: "1.3.6.1.5.5.7.3.1", clientAuth: "1.3.6.1.5.5.7.3.2" };
