import { supportedMinors } from "../kubernetes/versions.ts";
import { isIpv4, isIpv6 } from "./subnet.ts";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => label.test(part));
}

const letters = "lower-case letters, digits and dashes, a letter or digit at both ends";

/** A DNS label (RFC 1123). */
export function judgeLabel(text: string): string | undefined {
  return label.test(text) ? undefined : `${JSON.stringify(text)} is not a valid name; use ${letters}, at most 63 characters`;
}

/** A DNS subdomain (RFC 1123), as names of nodes are. */
export function judgeSubdomain(text: string): string | undefined {
  return isSubdomain(text) ? undefined : `${JSON.stringify(text)} is not a valid DNS name; use ${letters}, parts joined by dots`;
}

/** What SSH can connect to: an IPv4 address or a name; case and underscores are the resolver's affair. */
export function judgeAddress(text: string): string | undefined {
  if (isIpv4(text)) return undefined;
  if (isIpv6(text)) return `${text} is IPv6, which kboot cannot do yet; give an IPv4 address or a DNS name`;
  if (/^[\d.]+$/.test(text)) return `${JSON.stringify(text)} is not an IPv4 address; write it like 192.168.56.11`;
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is neither an IPv4 address nor a DNS name; a port and a user stand under ssh`;
}

/** Host of the API: an IPv4 address or a DNS name in lower case. */
export function judgeEndpointHost(text: string): string | undefined {
  if (isIpv4(text)) return undefined;
  if (isIpv6(text)) return `${text} is IPv6, which kboot cannot do yet; give an IPv4 address or a DNS name`;
  return isSubdomain(text) && !/^[\d.]+$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is neither an IPv4 address nor a DNS name in lower case; a port stands in apiEndpoint.port`;
}

/** A name or address in a certificate; `*.` may begin a name. */
export function judgeSan(text: string): string | undefined {
  if (isIpv4(text) || isIpv6(text)) return undefined;
  return isSubdomain(text.replace(/^\*\./, "")) && !/^[\d.]+$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is neither an IP address nor a DNS name in lower case, such as api.example.com or *.example.com`;
}

/** A version of Kubernetes that kboot knows. */
export function judgeKubernetesVersion(text: string): string | undefined {
  const parts = /^v?(\d+\.\d+)\.\d+$/.exec(text);
  if (parts === null) return `${JSON.stringify(text)} is not a version of Kubernetes; write it like 1.36.3`;
  return supportedMinors.includes(parts[1] ?? "")
    ? undefined
    : `Kubernetes ${parts[1]} is not supported; choose a version of ${supportedMinors.join(", ")}`;
}

/** A version of a pod network. */
export function judgeVersion(text: string): string | undefined {
  return /^v?\d+\.\d+\.\d+(-[A-Za-z0-9.]+)?$/.test(text) ? undefined : `${JSON.stringify(text)} is not a version; write it like 0.26.7`;
}

/** Name of a package (Debian policy 5.6.1). */
export function judgePackage(text: string): string | undefined {
  return /^[a-z0-9][a-z0-9.+-]+$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is not the name of a package; write it like containerd.io`;
}

/** What image names begin with: `registry.example.com:5000/team`. */
export function judgeRepository(text: string): string | undefined {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is not the beginning of an image name; write it like registry.example.com:5000/team, without scheme and last slash`;
}

/** Where a web server has something: no user, password or query. */
export function judgeUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return isPlain ? undefined : `${JSON.stringify(text)} is not the URL of a folder; write it like https://mirror.example.com/kboot`;
}

/** Name of an argument of a component, which kboot gives its dashes. */
export function judgeArgumentName(text: string): string | undefined {
  if (/^-+[a-z]/.test(text)) return `write ${text.replace(/^-+/, "")}: the dashes are added`;
  return /^[a-z][a-z0-9_.-]*$/i.test(text)
    ? undefined
    : `${JSON.stringify(text)} is not the name of an argument; write it like v or audit-log-path`;
}

/** A path of a file on this machine; `~/` is expanded, nothing else is. */
export function judgePath(text: string): string | undefined {
  if (text === "") return "is empty; give a path";
  if (text.includes("$")) return `${text} names a variable, and those are not expanded; write the path out, ~/ for the home folder`;
  return /^~[^/]/.test(text) ? `${text} begins with a user's name; of ~ only ~/ is expanded` : undefined;
}

/** Name of a user on a host. */
export function judgeUser(text: string): string | undefined {
  return /^[^\s:@/-][^\s:@/]*$/.test(text) ? undefined : `${JSON.stringify(text)} is not the name of a user`;
}

/** An IPv4 address and a port to listen at, such as `0.0.0.0:6782`. */
export function judgeListener(text: string): string | undefined {
  const [address = "", port = ""] = text.split(":", 2);
  return isIpv4(address) && text === `${address}:${port}` && /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535
    ? undefined
    : `${JSON.stringify(text)} is not an IPv4 address with a port; write it like 0.0.0.0:6782`;
}

/** How Weave Net's peers agree on the first owners of addresses. */
export function judgeAllocation(text: string): string | undefined {
  return /^(consensus=[1-9]\d*|seed=[^\s,]+(,[^\s,]+)*|observer)$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is not known; write consensus=3, seed= and the names of peers, or observer`;
}
