import type { Check } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { leastContainerd } from "../kubernetes/versions.ts";
import { eachHost } from "./hosts.ts";

const instead = "or set containerRuntime: { from: sources } for this host";

/** The first two numbers of a package's version: `1:1.7.24~ds1-6` is 1 and 7. */
function majorAndMinor(version: string): readonly [number, number] {
  const [, major = 0, minor = 0] = /^(?:\d+:)?(\d+)\.(\d+)/.exec(version) ?? [];
  return [Number(major), Number(minor)];
}

function isOlder(version: string, least: string): boolean {
  const [major, minor] = majorAndMinor(version);
  const [leastMajor, leastMinor] = majorAndMinor(least);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/** Checks of hosts whose containerd comes from a package. What is not known before apt has fetched its lists is judged at the installation. */
export const containerRuntimeChecks: readonly Check<Live>[] = [
  {
    name: "package-manager",
    problems: (site) =>
      eachHost(site, ({ packageManager }, host) => {
        const runtime = site.cluster.hosts.find(({ name }) => name === host)?.containerRuntime;
        return runtime?.from === "package" && packageManager !== "apt"
          ? { message: `the package ${runtime.package} is wanted, and the host has no apt`, hint: `use Debian or Ubuntu, ${instead}` }
          : undefined;
      }),
  },
  {
    name: "containerd-version",
    problems: (site) =>
      eachHost(site, ({ packages }, host) => {
        const runtime = site.cluster.hosts.find(({ name }) => name === host)?.containerRuntime;
        if (runtime?.from !== "package") return undefined;
        const { installed, candidate } = packages[runtime.package] ?? {};
        // an old one that is installed is brought up to date where apt has a newer one, and that is seen only then
        if (installed !== undefined || candidate === undefined || !isOlder(candidate, leastContainerd)) return undefined;
        return {
          message: `apt has ${runtime.package} ${candidate}, and Kubernetes ${site.cluster.kubernetesVersion} needs containerd ${leastContainerd} or newer`,
          hint: `add a repository that has it (Docker's calls it containerd.io), ${instead}`,
        };
      }),
  },
];
