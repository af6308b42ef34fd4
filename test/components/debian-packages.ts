import { run, say } from "./run.ts";

/** What building needs from Debian: a C compiler, runc's libseccomp, and mmdebstrap with the keys of newer suites. */
const buildPackages = ["debian-archive-keyring", "gcc", "libc6-dev", "libseccomp-dev", "mmdebstrap", "pkg-config"];

async function isInstalled(name: string): Promise<boolean> {
  const status = await run("dpkg-query", ["-W", "-f", "$" + "{db:Status-Status}", name]).catch(() => "unknown to dpkg");
  return status === "installed";
}

/** Installs what building needs. */
export async function installBuildPackages(): Promise<void> {
  await installPackages(buildPackages);
}

/** Installs those of these Debian packages that the machine lacks. Needs root when there are any. */
export async function installPackages(names: readonly string[]): Promise<void> {
  const present = await Promise.all(names.map(isInstalled));
  const missing = names.filter((_name, position) => !present[position]);
  if (missing.length === 0) return;
  say(`installing ${missing.join(", ")}`);
  await run("apt-get", ["update", "-qq"]);
  await run("apt-get", ["install", "-qq", "--no-install-recommends", ...missing], { env: { DEBIAN_FRONTEND: "noninteractive" } });
}
