import { createReadStream, existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheFolder, type Lab, labUp, onHost, sendToHost, writeInventory } from "../cluster/support/lab.ts";
import { type Links, openLinks } from "./links.ts";
import { measure } from "./measure.ts";
import { ansiblePlaybook, files, folders, pyinfraDeploy, units } from "./observe-resources.ts";
import type { Bench } from "./part.ts";

const program = new URL("observe-kboot.ts", import.meta.url).pathname;
const names = ["cp1", "worker1"];

/** Looking at resources that are all as wished. */
export interface Observation {
  readonly who: "kboot" | "Ansible" | "pyinfra";
  /** Between this machine and the hosts, there and back. */
  readonly roundTripMs: number;
  readonly seconds: number;
  readonly peakMemoryMiB: number;
  /** On the wire, of the host that had most, with those of the login. */
  readonly roundTrips: number;
}

export interface Observed {
  readonly versions: Readonly<Record<string, string>>;
  readonly runs: readonly Observation[];
}

/** Observes the same 39 resources on two hosts by kboot's engine, Ansible and pyinfra, directly and over a slow link. */
export async function observe({ set: name, rounds, folder, compiled, say, signal }: Bench): Promise<Observed> {
  const set = await labUp(name, { controlPlanes: 1, workers: 2 });
  const { bin, versions } = await installContenders(signal);
  for (const host of names) await completePython(set, host, folder, signal);
  const runs: Observation[] = [];
  const dist = join(await compiled(), "..");
  for (const roundTripMs of [0, 100]) {
    for (let round = 0; round <= rounds; round += 1) {
      for (const who of ["kboot", "Ansible", "pyinfra"] as const) {
        const links = await openLinks(set, names, roundTripMs / 2, join(folder, "links"));
        try {
          const contender = { kboot: runKboot, Ansible: runAnsible, pyinfra: runPyinfra }[who];
          // the first round brings the resources into being, and caches into memory
          const isFirst = round === 0;
          const run = await contender({ set, links, folder: join(folder, `observe-${who}`), bin, dist, mayChange: isFirst, signal });
          if (isFirst) continue;
          const { seconds, peakMemoryMiB } = run;
          runs.push({ who, roundTripMs, seconds, peakMemoryMiB, roundTrips: links.roundTrips() });
          say(`${who} observed in ${seconds.toFixed(2)} s at ${roundTripMs} ms`);
        } finally {
          await links.close();
        }
      }
    }
  }
  return { versions, runs };
}

/** Both come from PyPI, once, into an environment beside the other caches. */
async function installContenders(signal: AbortSignal) {
  const folder = join(cacheFolder, "bench-venv");
  const bin = join(folder, "bin");
  await execa("python3", ["-m", "venv", folder], { cancelSignal: signal });
  await execa(join(bin, "pip"), ["install", "--quiet", "ansible-core", "pyinfra"], { cancelSignal: signal });
  const { stdout } = await execa(join(bin, "pip"), ["list", "--format=json"], { cancelSignal: signal });
  const packages = JSON.parse(stdout) as { readonly name: string; readonly version: string }[];
  const versions = Object.fromEntries(
    packages.filter((one) => /^(ansible-core|pyinfra)$/.test(one.name)).map((one) => [one.name, one.version]),
  );
  return { bin, versions };
}

/** Ansible's modules need all of Python's own library; the hosts have a minimal one, and no way to fetch more. */
async function completePython(set: Lab, host: string, folder: string, signal: AbortSignal): Promise<void> {
  const isComplete = await onHost(set, host, "python3 -c 'import shutil, ctypes' 2>/dev/null && echo yes || true");
  if (isComplete === "yes") return;
  const archive = join(folder, "python.tar");
  const packages = ["--variant=extract", "--include=libpython3.13-stdlib", "--quiet", "trixie", archive];
  if (!existsSync(archive)) await execa("mmdebstrap", packages, { cancelSignal: signal });
  await sendToHost(set, host, "tar -x --skip-old-files -C / -f - ./usr/lib", createReadStream(archive));
}

interface Task {
  readonly set: Lab;
  readonly links: Links;
  readonly folder: string;
  readonly bin: string;
  readonly dist: string;
  readonly mayChange: boolean;
  readonly signal: AbortSignal;
}

function refuseChanges(who: string, what: string): never {
  throw new Error(`${who} changes what is in order already, so it does not wish for the same: ${what}`);
}

async function runKboot({ set, links, folder, dist, mayChange, signal }: Task) {
  const { knownHosts, hosts } = links;
  const inventory = await writeInventory(set, {
    folder,
    bundle: folder,
    hosts: names,
    more: { ssh: { user: set.user, identityFiles: [set.identityFile], knownHostsFile: knownHosts } },
    moreOf: Object.fromEntries(hosts.map(({ name, nodeAddress, address, port }) => [name, { address, nodeAddress, ssh: { port } }])),
  });
  const run = await measure(process.execPath, [program, dist, inventory, mayChange ? "apply" : "plan"], { cancelSignal: signal });
  const { changes } = JSON.parse(run.stdout) as { readonly changes: readonly string[] };
  if (!mayChange && changes.length > 0) refuseChanges("kboot", changes.join(", "));
  return run;
}

async function runAnsible({ set, links, folder, bin, mayChange, signal }: Task) {
  // without a connection of an earlier run, as the others
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const inventory = links.hosts.map(({ name, address, port }) => `${name} ansible_host=${address} ansible_port=${port}`).join("\n");
  await writeFile(join(folder, "hosts"), `[all]\n${inventory}\n`);
  await writeFile(join(folder, "play.yaml"), ansiblePlaybook());
  const config = {
    defaults: {
      inventory: "hosts",
      forks: 50,
      remote_user: set.user,
      private_key_file: set.identityFile,
      interpreter_python: "/usr/bin/python3",
      local_tmp: join(folder, "tmp"),
    },
    ssh_connection: {
      pipelining: true,
      control_path_dir: join(folder, "cp"),
      ssh_args: `-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${links.knownHosts} -o Ciphers=aes128-gcm@openssh.com`,
    },
  };
  const text = Object.entries(config).map(([section, values]) =>
    [`[${section}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`)].join("\n"),
  );
  await writeFile(join(folder, "ansible.cfg"), `${text.join("\n")}\n`);
  const env = { ANSIBLE_CONFIG: join(folder, "ansible.cfg"), ANSIBLE_NOCOLOR: "1", LC_ALL: "C.UTF-8" };
  const run = await measure(join(bin, "ansible-playbook"), ["play.yaml"], { cwd: folder, env, cancelSignal: signal });
  if (!mayChange && !names.every((name) => new RegExp(`^${name} .*changed=0 `, "m").test(run.stdout)))
    refuseChanges("Ansible", run.stdout.slice(-2000));
  return run;
}

async function runPyinfra({ set, links, folder, bin, mayChange, signal }: Task) {
  await mkdir(folder, { recursive: true });
  const hosts = links.hosts.map(({ name, address, port }) => [
    name,
    {
      ssh_hostname: address,
      ssh_port: port,
      ssh_user: set.user,
      ssh_key: set.identityFile,
      ssh_known_hosts_file: links.knownHosts,
      ssh_strict_host_key_checking: "yes",
    },
  ]);
  await writeFile(join(folder, "hosts.py"), `hosts = [(name, data) for name, data in ${JSON.stringify(hosts)}]\n`);
  await writeFile(join(folder, "deploy.py"), pyinfraDeploy());
  const options = { cwd: folder, env: { HOME: folder }, cancelSignal: signal };
  const run = await measure(join(bin, "pyinfra"), ["-y", "hosts.py", "deploy.py"], options);
  // columns: hosts, success, error, no change
  if (!mayChange && !/Grand total\s+(\d+)\s+-\s+-\s+\1\s/.test(run.output)) refuseChanges("pyinfra", run.output.slice(-2000));
  return run;
}

/** How many there are, for the table. */
export const observedCount = files.length + folders.length + units.length;
