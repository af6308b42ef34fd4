import { isIP } from "node:net";
import { Address4, Address6 } from "ip-address";
import { z } from "zod";
import { choice, fields, flag, judged, list, text, wrongType } from "../../inventory/fields.ts";
import { type Judge, matching } from "../../inventory/judge.ts";
import { prefixLengthOf } from "../../inventory/subnet.ts";
import { judgeKubernetesVersion, judgeRepository, judgeSubdomain } from "../../inventory/syntax.ts";
import { Secret } from "../../secret.ts";
import { parseDuration } from "../duration.ts";

/** A text that no message shows, and that comes out wrapped. */
function secret(pattern: RegExp, wanted: string) {
  const error = `must be ${wanted}`;
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform((value) => new Secret(value));
}

export const token = secret(/^[a-z0-9]{6}\.[a-z0-9]{16}$/, "a bootstrap token: six characters, a dot and sixteen, all of a-z and 0-9");

export const certificateKey = secret(/^[0-9a-f]{64}$/i, "a key of 32 bytes, as 64 hexadecimal digits");

/** As Go writes it: `4m0s`. Kept as text. */
export const duration = text((value) => {
  try {
    parseDuration(value);
    return undefined;
  } catch {
    return `${JSON.stringify(value)} is not a duration; write hours, minutes and seconds: 24h, 1h30m`;
  }
});

/** A point in time (RFC 3339). */
export const time = text(
  matching(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
    (value) => `${JSON.stringify(value)} is not a time; write it like 2027-01-01T00:00:00Z`,
  ),
);

export const absolutePath = text(matching(/^\//, (path) => `${JSON.stringify(path)} is not an absolute path`));

/** Where the container runtime listens; kubeadm adds the scheme to a path. */
export const criSocket = text(
  matching(
    /^(unix:\/\/)?\/./,
    (socket) => `${JSON.stringify(socket)} is not a socket; write it like unix:///run/containerd/containerd.sock`,
  ),
);

export const ipAddress = text((address) => (isIP(address) === 0 ? `${JSON.stringify(address)} is not an IP address` : undefined));

export const subdomain = text(judgeSubdomain);

/** A name or address in a certificate; case does not count. */
export const subjectName = text((name) =>
  isIP(name) !== 0 || judgeSubdomain(name.toLowerCase().replace(/^\*\./, "")) === undefined
    ? undefined
    : `${JSON.stringify(name)} is neither an IP address nor a DNS name, such as api.example.com or *.example.com`,
);

const hostAndPort = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d{1,5}))?$/;

function judgeHostPort(needsPort: boolean): Judge<string> {
  return (value) => {
    const { v6, host = v6 ?? value, port } = hostAndPort.exec(value)?.groups ?? {};
    const isHost = v6 === undefined ? isIP(host) !== 0 || judgeSubdomain(host) === undefined : isIP(v6) === 6;
    const isPort = port === undefined ? !needsPort : Number(port) >= 1 && Number(port) <= 65535;
    return isHost && isPort
      ? undefined
      : `${JSON.stringify(value)} is not a name or address with a port; write it like api.example.com:6443 or [2001:db8::1]:6443`;
  };
}

/** Host, or host and port. */
export const endpoint = text(judgeHostPort(false));
/** Host and port. */
export const endpointWithPort = text(judgeHostPort(true));

/** One CIDR, or two of both families after a comma, each of so many addresses (kubeadm/app/apis/kubeadm/validation, v1.36). */
export function subnets({ leastBits, mostBits }: { readonly leastBits: number; readonly mostBits?: number }) {
  return text((value) => {
    const cidrs = value.split(",");
    const wrong = cidrs.find((cidr) => !cidr.includes("/") || !(Address4.isValid(cidr) || Address6.isValid(cidr)));
    if (wrong !== undefined) return `${JSON.stringify(wrong)} is not a subnet; write it like 10.96.0.0/12`;
    const families = new Set(cidrs.map((cidr) => cidr.includes(":")));
    if (cidrs.length > 2 || families.size < cidrs.length) return "must be one subnet, or one of IPv4 and one of IPv6";
    const bitsOf = (cidr: string) => (cidr.includes(":") ? 128 : 32) - prefixLengthOf(cidr);
    const small = cidrs.find((cidr) => bitsOf(cidr) < leastBits);
    if (small !== undefined) return `${small} is too small; it needs ${leastBits} bits for addresses`;
    const large = cidrs.find((cidr) => mostBits !== undefined && bitsOf(cidr) > mostBits);
    return large === undefined ? undefined : `${large} is too large; it may have ${mostBits} bits for addresses`;
  });
}

/** A version, or a label of one such as stable-1. */
export const kubernetesVersion = text((version) =>
  /^(ci\/)?[a-z][a-z-]*(-\d+(\.\d+)?)?$/.test(version) ? undefined : judgeKubernetesVersion(version),
);

export const imageRepository = text(judgeRepository);

export const imageShape = { imageRepository: imageRepository.optional(), imageTag: text().optional() } as const;

const words = list(text());
export const phases = words;
export const ignoredChecks = judged(words, (names) =>
  names.length > 1 && names.some((name) => name.toLowerCase() === "all") ? "holds all, which must stand alone" : undefined,
);

export const imagePullPolicy = choice(["Always", "IfNotPresent", "Never"]);

export const patches = fields({ directory: text().optional() });

export const taint = fields({
  key: text(),
  value: text().optional(),
  effect: choice(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
  timeAdded: time.optional(),
});

/** A missing value is an empty one. */
const value = z.string({ error: wrongType("text") }).default("");

/** Arguments by list, where a name may come again. */
export const extraArgs = list(fields({ name: text(), value }));

export const extraEnvs = list(
  fields({ name: text(), value, valueFrom: z.record(z.string(), z.unknown(), { error: wrongType("a map") }).optional() }),
);

export const extraVolumes = list(
  fields({
    name: text(),
    hostPath: text(),
    mountPath: text(),
    readOnly: flag().optional(),
    pathType: choice(["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"]).optional(),
  }),
);

export const tokenGroup = text(
  matching(
    /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/,
    (group) => `${JSON.stringify(group)} is no group of bootstrap tokens; they begin with system:bootstrappers:`,
  ),
);

export const publicKeyPin = text(
  matching(/^sha256:[0-9a-f]{64}$/i, (pin) => `${JSON.stringify(pin)} is not the hash of a CA; write sha256: and 64 hexadecimal digits`),
);

export const url = text((address) =>
  URL.canParse(address) && /^[a-z]+:\/\//i.test(address)
    ? undefined
    : `${JSON.stringify(address)} is not a URL; write it like https://10.0.0.1:2379`,
);
