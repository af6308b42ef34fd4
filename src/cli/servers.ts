interface LocalEndpoint {
  readonly advertiseAddress: string;
  readonly bindPort: number;
}

/** URL of the API server of this machine. */
export function localServer({ advertiseAddress, bindPort }: LocalEndpoint): string {
  return `https://${advertiseAddress.includes(":") ? `[${advertiseAddress}]` : advertiseAddress}:${bindPort}`;
}

/** URL by which all of the cluster reach the API: the endpoint of the control plane, else the API server of this machine. */
export function controlPlaneServer(
  { controlPlaneEndpoint }: { readonly controlPlaneEndpoint?: string | undefined },
  local: LocalEndpoint,
): string {
  return controlPlaneEndpoint === undefined ? localServer(local) : `https://${controlPlaneEndpoint}`;
}

/** Name or address in a URL, without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}
