/** So many minors may a kubelet be older than the API server; newer it may never be (kubernetes.io, version skew policy). */
const mostMinorsBehind = 3;

/**
 * Why a kubelet cannot be a node of this API server: `a kubelet of 1.37.2 is newer than the API server, 1.36.3`. Undefined when it can. Both
 * are versions such as `1.36.3`; patches do not count. Pure.
 */
export function judgeKubeletVersion(kubelet: string, apiServer: string): string | undefined {
  const ahead = minorOf(kubelet) - minorOf(apiServer);
  if (ahead > 0) return `a kubelet of ${kubelet} is newer than the API server, ${apiServer}`;
  if (ahead >= -mostMinorsBehind) return undefined;
  return `a kubelet of ${kubelet} is more than ${mostMinorsBehind} minors older than the API server, ${apiServer}`;
}

function minorOf(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1000 + minor;
}
