import { KbootError } from "../errors.ts";
import { nearest } from "../suggest.ts";
import type { MachineConfig } from "./config.ts";
import type { Phases } from "./phases.ts";

/**
 * kubeadm's names of checks, in lower case, with those of kboot's checks that look at the same. What kboot puts right by itself
 * (`CRI`, `FileContent--proc-sys-net-ipv4-ip_forward`) or installs needs no check.
 */
const counterparts: Readonly<Record<string, readonly string[]>> = {
  swap: ["swap"],
  mem: ["memory"],
  numcpu: [],
  systemverification: ["cgroup-v1", "kernel-features"],
  hostname: ["hostname"],
  cri: [],
  kubeletversion: ["kubelet-version"],
  "service-kubelet": [],
  isprivilegeduser: [],
  imagepull: [],
  firewalld: [],
  httpproxy: [],
  httpproxycidr: [],
  containerruntimeversion: [],
  kubernetesversion: [],
};
const families: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^port-\d+$/, ["ports", "network-ports"]],
  [/^fileavailable--/, []],
  [/^diravailable--/, []],
  [/^filecontent--/, []],
  [/^fileexisting-/, []],
];

/** Where names of checks come from: the flag, else the file. */
export function checksFrom(flag: string | undefined, config: MachineConfig | undefined, document: string): string {
  return flag !== undefined || config === undefined
    ? "--ignore-preflight-errors"
    : `${config.file}: ${document}.nodeRegistration.ignorePreflightErrors`;
}

/** Names of kboot's checks, which are `all`, that a list of kubeadm's, or kboot's own, names: all for `all`, and where the phase is skipped. `from` says where the list is, for the KbootError `usage` that it throws. */
export function ignoredChecks(
  names: readonly string[],
  phases: Pick<Phases, "checks">,
  all: readonly string[],
  from: string,
): readonly string[] {
  if (!phases.checks || names.some((name) => name.toLowerCase() === "all")) return all;
  return names.flatMap((name) => {
    const wanted = name.toLowerCase();
    if (all.includes(wanted)) return [wanted];
    const found = counterparts[wanted] ?? families.find(([pattern]) => pattern.test(wanted))?.[1];
    if (found !== undefined) return found;
    const meant = nearest(wanted, [...Object.keys(counterparts), ...all]);
    throw new KbootError("usage", `${from}: there is no check ${name}`, {
      hint: meant === undefined ? "kboot plan names each check that fails" : `did you mean ${meant}?`,
    });
  });
}
