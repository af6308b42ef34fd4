import type { ErrorCode } from "./catalogue.ts";

/** A reason that was recognised, and the line that gave it away. */
export interface Diagnosis {
  readonly code: ErrorCode;
  readonly line: string;
}

/** How a reason shows in what a program says. */
export interface Sign {
  readonly code: ErrorCode;
  readonly pattern: RegExp;
}

/**
 * What programs of others say when something particular is wrong; they have no other interface. The first sign that is found counts,
 * so what causes others stands before them.
 */
export const signs: readonly Sign[] = [
  { code: "disk-full", pattern: /No space left on device|disk quota exceeded/i },
  { code: "disk-read-only", pattern: /Read-only file system/i },
  { code: "out-of-memory", pattern: /Cannot allocate memory|Out of memory|oom-kill|OOMKilled|^Killed$/ },
  { code: "etcd-full", pattern: /mvcc: database space exceeded|alarm:NOSPACE/ },
  {
    code: "etcd-damaged",
    pattern:
      /walpb: crc mismatch|\[?wal\]?:? max entry size limit exceeded|failed to (?:open|read|recover).{0,40}(?:wal|snapshot|backend|database)|invalid database|file size too small|freepages|data inconsistency/i,
  },
  // where it dies of them; what it says before tells more
  { code: "etcd-damaged", pattern: /etcdserver\.bootstrap\(/ },
  { code: "certificate-expired", pattern: /certificate has expired|not yet valid|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/ },
  {
    code: "certificate-untrusted",
    pattern: /signed by unknown authority|certificate is not trusted|x509: certificate is valid for|private key does not match public key/,
  },
  { code: "flag-unknown", pattern: /unknown (?:shorthand )?flag: / },
  {
    code: "token-expired",
    pattern: /signing request: Unauthorized|invalid bearer token|token .*(?:has )?expired|bootstrap.*Unauthorized|Unauthorized.*bootstrap/i,
  },
  { code: "clock-skew", pattern: /clock skew|is in the future|Release file .* is not valid yet/i },
  { code: "apt-locked", pattern: /waited \d+ s in vain for the lock of apt|Could not get lock \/var\/(?:lib|cache)\// },
  {
    code: "apt-unresolved",
    pattern: /Could not resolve '|Temporary failure resolving|Failed to fetch http.*(?:Could not connect|Unable to connect|timed out)/,
  },
  { code: "package-unknown", pattern: /apt knows no package |Unable to locate package|has no installation candidate/ },
  { code: "package-broken", pattern: /dpkg was interrupted|Unmet dependencies|held broken packages|but it is not going to be installed/ },
  { code: "artifact-damaged", pattern: / came damaged: wanted sha256 / },
  { code: "download-failed", pattern: /this host cannot fetch |curl: \(\d+\) / },
  {
    code: "image-damaged",
    pattern:
      /unexpected commit digest|failed (?:size )?validation|failed precondition.*digest|archive\/tar: invalid tar header|ctr: .*unexpected EOF/,
  },
  { code: "image-missing", pattern: /ErrImageNeverPull|ErrImagePull|ImagePullBackOff|failed to pull (?:and unpack )?image/ },
  { code: "port-taken", pattern: /bind: address already in use/ },
  {
    code: "containerd-cri",
    pattern: /unknown service runtime\.v1\.|CRI v1 (?:runtime|image) API is not implemented|without its CRI plugin/i,
  },
  {
    code: "containerd-failed",
    pattern:
      /containerd: failed to (?:load|unmarshal) (?:TOML|config)|Failed to start containerd|containerd\.service: (?:Failed|Main process exited)|Job for containerd\.service failed/,
  },
  {
    code: "kubelet-failed",
    pattern:
      /command failed" err="failed to|failed to (?:load|construct|run) [kK]ubelet|kubelet\.service: (?:Failed|Main process exited)|Job for kubelet\.service failed/,
  },
  { code: "network-not-ready", pattern: /cni plugin not initialized|NetworkPluginNotReady|failed to setup network for sandbox/i },
];

/** What the output of a failed program gives away; undefined when nothing in it is known. */
export function diagnose(output: string, among: readonly Sign[] = signs): Diagnosis | undefined {
  const lines = output.split("\n").map((line) => line.trim());
  for (const { code, pattern } of among) {
    const line = lines.findLast((candidate) => pattern.test(candidate));
    if (line !== undefined) return { code, line };
  }
  return undefined;
}
