import { run, say } from "./run.ts";

/** What building needs from Debian: a C compiler, runc's libseccomp, and mmdebstrap with the keys of newer suites. */
const buildPackages = ["debian-archive-keyring", "gcc", "libc6-dev", "libseccomp-dev", "mmdebstrap", "pkg-config"];

async function isInstalled(name: string): Promise<boolean> {
  const status = await run("dpkg-query", ["-W", "-f", "$" + "{db:Status-Status}", name]).catch(() => "unknown to dpkg");
  return status === "installed";
}

/** Installs the Debian packages that building needs and the machine lacks. Needs root when there are any. */
export async function installBuildPackages(): Promise<void> {
  const present = await Promise.all(buildPackages.map(isInstalled));
  const missing = buildPackages.filter((_name, position) => !present[position]);
  if (missing.length === 0) return;
  say(`installing ${missing.join(", ")}`);
  await run("apt-get", ["update", "-qq"]);
  await run("apt-get", ["install", "-qq", "--no-install-recommends", ...missing], { env: { DEBIAN_FRONTEND: "noninteractive" } });
}
