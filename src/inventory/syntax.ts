import { supportedMinors } from "../kubernetes/versions.ts";
import { matching, withPattern } from "./judge.ts";
import { ipv4, isIpv4, isIpv6 } from "./subnet.ts";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What every subdomain looks like; more is asked of its parts. */
const subdomainLike = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => label.test(part));
}

const letters = "lower-case letters, digits and dashes, a letter or digit at both ends";

/** A DNS label (RFC 1123). */
export const judgeLabel = matching(label, (text) => `${JSON.stringify(text)} is not a valid name; use ${letters}, at most 63 characters`);

/** A DNS subdomain (RFC 1123), as names of nodes are. */
export const judgeSubdomain = withPattern(subdomainLike, (text) =>
  isSubdomain(text) ? undefined : `${JSON.stringify(text)} is not a valid DNS name; use ${letters}, parts joined by dots`,
);

/** What SSH can connect to: an IPv4 address or a name; case and underscores are the resolver's affair. */
export const judgeAddress = withPattern(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, (text) => {
  if (isIpv4(text)) return undefined;
  if (isIpv6(text)) return `${text} is IPv6, which kboot cannot do yet; give an IPv4 address or a DNS name`;
  if (/^[\d.]+$/.test(text)) return `${JSON.stringify(text)} is not an IPv4 address; write it like 192.168.56.11`;
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is neither an IPv4 address nor a DNS name; a port and a user stand under ssh`;
});

/** Host of the API: an IPv4 address or a DNS name in lower case. */
export const judgeEndpointHost = withPattern(subdomainLike, (text) => {
  if (isIpv4(text)) return undefined;
  if (isIpv6(text)) return `${text} is IPv6, which kboot cannot do yet; give an IPv4 address or a DNS name`;
  return isSubdomain(text) && !/^[\d.]+$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is neither an IPv4 address nor a DNS name in lower case; a port stands in apiEndpoint.port`;
});

/** A name or address in a certificate; `*.` may begin a name. */
export const judgeSan = withPattern(/^((\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|[0-9A-Fa-f:.]+)$/, (text) => {
  if (isIpv4(text) || isIpv6(text)) return undefined;
  return isSubdomain(text.replace(/^\*\./, "")) && !/^[\d.]+$/.test(text)
    ? undefined
    : `${JSON.stringify(text)} is neither an IP address nor a DNS name in lower case, such as api.example.com or *.example.com`;
});

/** A version of Kubernetes that kboot knows. */
export const judgeKubernetesVersion = withPattern(
  new RegExp(`^v?(${supportedMinors.join("|").replaceAll(".", "\\.")})\\.\\d+$`),
  (text) => {
    const parts = /^v?(\d+\.\d+)\.\d+$/.exec(text);
    if (parts === null) return `${JSON.stringify(text)} is not a version of Kubernetes; write it like 1.36.3`;
    return supportedMinors.includes(parts[1] ?? "")
      ? undefined
      : `Kubernetes ${parts[1]} is not supported; choose a version of ${supportedMinors.join(", ")}`;
  },
);

/** A version of a pod network. */
export const judgeVersion = matching(
  /^v?\d+\.\d+\.\d+(-[A-Za-z0-9.]+)?$/,
  (text) => `${JSON.stringify(text)} is not a version; write it like 0.26.7`,
);

/** Name of a package (Debian policy 5.6.1). */
export const judgePackage = matching(
  /^[a-z0-9][a-z0-9.+-]+$/,
  (text) => `${JSON.stringify(text)} is not the name of a package; write it like containerd.io`,
);

/** What image names begin with: `registry.example.com:5000/team`. */
export const judgeRepository = matching(
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
  (text) =>
    `${JSON.stringify(text)} is not the beginning of an image name; write it like registry.example.com:5000/team, without scheme and last slash`,
);

/** Where a web server has something: no user, password or query. */
export const judgeUrl = withPattern(/^https?:\/\/[^\s@?#]+$/i, (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return isPlain ? undefined : `${JSON.stringify(text)} is not the URL of a folder; write it like https://mirror.example.com/kboot`;
});

/** Name of an argument of a component, which kboot gives its dashes. */
export const judgeArgumentName = matching(/^[A-Za-z][A-Za-z0-9_.-]*$/, (text) =>
  /^-+[a-z]/.test(text)
    ? `write ${text.replace(/^-+/, "")}: the dashes are added`
    : `${JSON.stringify(text)} is not the name of an argument; write it like v or audit-log-path`,
);

/** A path of a file on this machine; `~/` is expanded, nothing else is. */
export const judgePath = withPattern(/^(?!~[^/])[^$]+$/, (text) => {
  if (text === "") return "is empty; give a path";
  if (text.includes("$")) return `${text} names a variable, and those are not expanded; write the path out, ~/ for the home folder`;
  return /^~[^/]/.test(text) ? `${text} begins with a user's name; of ~ only ~/ is expanded` : undefined;
});

/** Name of a user on a host. */
export const judgeUser = matching(/^[^\s:@/-][^\s:@/]*$/, (text) => `${JSON.stringify(text)} is not the name of a user`);

/** An IPv4 address and a port to listen at, such as `0.0.0.0:6782`. */
export const judgeListener = withPattern(
  new RegExp(`^${ipv4}:([1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])$`),
  (text) => {
    const [address = "", port = ""] = text.split(":", 2);
    return isIpv4(address) && text === `${address}:${port}` && /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535
      ? undefined
      : `${JSON.stringify(text)} is not an IPv4 address with a port; write it like 0.0.0.0:6782`;
  },
);

/** How Weave Net's peers agree on the first owners of addresses. */
export const judgeAllocation = matching(
  /^(consensus=[1-9]\d*|seed=[^\s,]+(,[^\s,]+)*|observer)$/,
  (text) => `${JSON.stringify(text)} is not known; write consensus=3, seed= and the names of peers, or observer`,
);

/** Absolute path of a log on a host, in a directory that is mounted into a pod. */
export const judgeLogPath = matching(
  /^(\/[A-Za-z0-9._-]+){2,}$/,
  (path) => `${JSON.stringify(path)} is not an absolute path of a file in a directory; write it like /var/log/kubernetes/audit/audit.log`,
);

/** Directories that are others': kboot sets owner and mode of the one for certificates. A trailing slash takes what is below as well. */
const takenDirectories = [
  ...["/etc/kubernetes/manifests/", "/var/lib/etcd/", "/var/lib/kubelet/", "/var/lib/containerd/", "/var/lib/kboot/"],
  ...[
    "/bin/",
    "/boot/",
    "/dev/",
    "/home/",
    "/lib/",
    "/lib64/",
    "/proc/",
    "/run/",
    "/sbin/",
    "/sys/",
    "/tmp/",
    "/usr/",
    "/var/run/",
    "/var/tmp/",
    "/etc/ssl/",
  ],
  ...["/etc", "/etc/kubernetes", "/mnt", "/opt", "/root", "/srv", "/var", "/var/lib", "/var/log"],
];

const isTaken = (path: string) => takenDirectories.some((taken) => path === taken || (taken.endsWith("/") && `${path}/`.startsWith(taken)));

/** Absolute path of a directory on a host for certificates alone. */
export function judgeCertificatesDir(path: string): string | undefined {
  const isAbsolute = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/.test(path);
  return isAbsolute && !isTaken(path)
    ? undefined
    : `${JSON.stringify(path)} is not the absolute path, without a slash at its end, of a directory for certificates alone; write it like /etc/kubernetes/pki`;
}
