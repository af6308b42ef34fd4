import { scriptFailed } from "../errors/script-failed.ts";
import { KbootError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { Facts, HostAddress, HostRoute } from "./facts.ts";
import type { Host, Script } from "./host.ts";
import { judgeKernel } from "./kernel-features.ts";
import { probeBody, probedCommands } from "./probe-script.ts";

const architectures: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

const packageManagers = { "apt-get": "apt", dnf: "dnf", zypper: "zypper", apk: "apk" } as const;

/** What a probe asks for beside what every host is asked. */
export interface ProbeOptions {
  /** Packages whose versions count. */
  readonly packages?: readonly string[];
  /** Which of these answer the host. */
  readonly urls?: readonly string[];
  /** Whether the version of the kubelet in PATH counts: that of kboot's own is known. */
  readonly ownKubelet?: boolean;
  /** Where a control plane's certificates are. */
  readonly certificatesDir: string;
}

/**
 * Reads the facts of a host, on a bare machine too. It changes nothing and always exits 0.
 * Its output, which may hold the CA's key, is for `parseFacts` alone: never log it.
 */
export function probeScript({ packages = [], urls = [], ownKubelet = false, certificatesDir }: ProbeOptions): Script {
  return { label: "read facts", body: probeBody(packages, urls, ownKubelet, certificatesDir) };
}

/** The facts of a host, in one round trip. Throws KbootError `script` when the host cannot be understood, and what `run` throws. */
export async function readFacts(host: Host, options: ProbeOptions, signal: AbortSignal): Promise<Facts> {
  const askedAt = new Date();
  const { exitCode, stdout, stderr } = await host.run(probeScript(options), { signal });
  if (exitCode !== 0) throw scriptFailed("cannot read facts", { label: "probe", exitCode, stderr });
  return parseFacts(stdout, { askedAt, readAt: new Date() });
}

/** Between which moments a host was asked, by this machine's clock. */
type Asked = Omit<Facts["clock"], "hostSeconds">;

/** The facts in what the probe script printed. Throws KbootError `script` for anything else. */
export function parseFacts(stdout: Buffer, asked: Asked): Facts {
  const sections = readSections(stdout);
  const has = (name: string) => sections.has(name);
  const text = (name: string) => sections.get(name)?.trim() ?? "";
  const lines = (name: string) => text(name).split("\n").filter(Boolean);
  const [hostname, kernel, machine] = text("uname").split(" ");
  if (hostname === undefined || kernel === undefined || machine === undefined) {
    throw new KbootError("script", "the host's answer to the probe cannot be understood", {
      hint: "log in by hand and see whether uname, date and cat work there",
    });
  }
  const found = new Set(lines("commands"));
  return {
    hostname,
    os: parseOsRelease(lines("os")),
    architecture: architectures[machine] ?? machine,
    kernel,
    cgroupVersion: has("cgroup2") ? 2 : 1,
    cpus: Number(text("cpus")),
    memoryBytes: Number(text("memory")) * 1024,
    diskFreeBytes: Number(lines("disk").at(-1)?.split(/\s+/)[3] ?? 0) * 1024,
    swapActive: lines("swaps").length > 1,
    clock: { ...asked, hostSeconds: Number(text("clock")) },
    machineId: text("machine-id"),
    productUuid: text("product-uuid").toLowerCase(),
    addresses: lines("addresses").flatMap(parseAddress),
    routes: lines("routes").flatMap(parseRoute),
    kernelFeatures: judgeKernel({
      present: new Set(lines("present")),
      config: lines("config"),
      modules: has("modules") ? lines("modules") : undefined,
    }),
    systemd: has("systemd"),
    resolvedActive: has("resolved"),
    nameservers: lines("resolv").flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []),
    packageManager: Object.entries(packageManagers).find(([command]) => found.has(command))?.[1] ?? "unknown",
    packages: Object.fromEntries(lines("packages").flatMap(parsePackage)),
    commands: Object.fromEntries(probedCommands.map((name) => [name, found.has(name)])),
    directories: lines("directories"),
    listening: uniquePorts(has("sockets") ? lines("sockets").flatMap(parseSocket) : lines("listening").flatMap(parseListener)),
    reaches: lines("reaches"),
    forwardDrops: parseForward(lines("forward")),
    state: sections.get("state"),
    kubernetes: {
      caCert: sections.get("ca-cert"),
      caKey: has("ca-key") ? new Secret(sections.get("ca-key") ?? "") : undefined,
      administrators: ["super-admin", "admin"].flatMap((name) => {
        const text = sections.get(`kubeconfig ${name}`);
        return text === undefined ? [] : [new Secret(text)];
      }),
      kubeletCertificate: sections.get("kubelet-certificate"),
      kubeletVersion: /^Kubernetes v(\S+)/.exec(text("kubelet-version"))?.[1],
      manifests: Object.fromEntries(
        [...sections].flatMap(([name, text]) => (name.startsWith("manifest ") ? [[name.slice("manifest ".length), text]] : [])),
      ),
    },
  };
}

function readSections(stdout: Buffer): ReadonlyMap<string, string> {
  const sections = stdout.toString().split("\0").slice(1);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end), section.slice(end + 1)];
    }),
  );
}

/** A line `NAME installed VERSION` or `NAME candidate VERSION`; there may be no candidate. */
function parsePackage(line: string): [string, Facts["packages"][string]][] {
  const [name = "", what, version] = line.split(" ");
  if (version === undefined || version === "") return [[name, {}]];
  return [[name, what === "installed" ? { installed: version } : { candidate: version }]];
}

/** os-release(5): assignments, values in quotes where needed. */
function parseOsRelease(lines: readonly string[]): Facts["os"] {
  const values = new Map(
    lines.map((line) => {
      const [name = "", ...rest] = line.split("=");
      return [name, rest.join("=").replace(/^(["'])(.*)\1$/, "$2")];
    }),
  );
  return { id: values.get("ID") ?? "", versionId: values.get("VERSION_ID") ?? "", name: values.get("PRETTY_NAME") ?? "" };
}

/** A line of `ip -o addr`: `2: eth0    inet 192.168.56.11/24 brd ...`. */
function parseAddress(line: string): HostAddress[] {
  const match = /^\d+:\s+([^\s@]+)\S*\s+(inet6?)\s+([^\s/]+)(?:\/(\d+))?/.exec(line);
  if (match === null) return [];
  const [, device = "", family, address = "", length] = match;
  const isSix = family === "inet6";
  return [{ device, address, prefixLength: Number(length ?? (isSix ? 128 : 32)), family: isSix ? "inet6" : "inet" }];
}

/** A line of `ip -o route`: `default via 10.0.2.2 dev eth0 proto dhcp src 10.0.2.15 metric 100`. */
function parseRoute(line: string): HostRoute[] {
  const words = line.replaceAll("\\", " ").split(/\s+/);
  const after = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const [destination] = words;
  const device = after("dev");
  if (destination === undefined || device === undefined) return [];
  const gateway = after("via");
  const source = after("src");
  return [{ destination, device, ...(gateway && { gateway }), ...(source && { source }) }];
}

/** Lines of `nft list chains` that name a table or a forward hook that drops, and of `iptables -S FORWARD`. */
function parseForward(lines: readonly string[]): string[] {
  const drops = new Set<string>();
  let table = "";
  for (const line of lines) {
    table = /^table (.+) \{/.exec(line)?.[1] ?? table;
    if (line.includes("policy drop") && /^(ip|inet) /.test(table)) drops.add(table);
    if (line === "-P FORWARD DROP") drops.add("legacy");
  }
  return [...drops];
}

/** A line of `ss -Htlnp`: `LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=7,fd=3))`. */
function parseListener(line: string): Facts["listening"] {
  const port = Number(/:(\d+)$/.exec(line.split(/\s+/)[3] ?? "")?.[1]);
  return port > 0 ? [{ port, command: /users:\(\("([^"]*)"/.exec(line)?.[1] ?? "" }] : [];
}

/** A line of /proc/net/tcp: `0: 0100007F:1F90 00000000:0000 0A ...`; state 0A is listening. */
function parseSocket(line: string): Facts["listening"] {
  const [, local = "", , state] = line.trim().split(/\s+/);
  return state === "0A" ? [{ port: Number.parseInt(local.split(":").at(-1) ?? "", 16), command: "" }] : [];
}

function uniquePorts(listening: Facts["listening"]): Facts["listening"] {
  return [...new Map(listening.map((entry) => [entry.port, entry])).values()].sort((a, b) => a.port - b.port);
}
