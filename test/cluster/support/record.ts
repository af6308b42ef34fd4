import { appendFileSync, cpSync, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";

/** Where what kboot printed and the secrets of the hosts are kept for the search at the end; undefined: nowhere. */
const keptIn = (): string | undefined => process.env["KBOOT_LAB_RECORD"];

let runs = 0;

/** Commands whose purpose is to print a key or a token. */
const telling = ["kubeconfig", "token"];

/** Files that take what a run of kboot prints; none for those whose purpose is to print a secret. */
export function recordingOf(args: readonly string[]): { readonly stdout: string; readonly stderr: string } | undefined {
  const folder = keptIn();
  if (folder === undefined || telling.includes(args[0] ?? "")) return undefined;
  const name = join(folder, `${process.pid}-${++runs}-${args[0]}`);
  return { stdout: `${name}.out`, stderr: `${name}.err` };
}

/** Keeps the logs that lie beside the inventory of a run. */
export function recordLogs(args: readonly string[]): void {
  const folder = keptIn();
  const inventory = args[args.indexOf("-f") + 1];
  if (folder === undefined || !args.includes("-f") || inventory === undefined) return;
  const logs = join(dirname(inventory), ".kboot", "logs");
  if (existsSync(logs)) cpSync(logs, join(folder, "logs"), { recursive: true });
}

/** Every secret of a host and, where it has an API, of the cluster, one a line: lines of keys, and values of Secrets in base64. */
const secretsScript = `
for file in /etc/kubernetes/pki/*.key /etc/kubernetes/pki/etcd/*.key /var/lib/kubelet/pki/*.pem; do
  [ ! -f "$file" ] || sed -n '/PRIVATE KEY/,/END/p' "$file" | grep -v -e -----
done
sed -n 's/^ *client-key-data: //p' /etc/kubernetes/*.conf 2>/dev/null
[ ! -e /etc/kubernetes/admin.conf ] || timeout 10 kubectl --kubeconfig /etc/kubernetes/admin.conf get secrets -A \\
  -o go-template='{{range .items}}{{range $name, $value := .data}}{{$name}} {{$value}}{{"\\n"}}{{end}}{{end}}' 2>/dev/null |
  sed -n -E '/^[^ ]*(secret|password|key|token)[^ ]* /s/^[^ ]* //p'
true`;

/** Notes the secrets of hosts that are about to be emptied. Hosts that do not answer have none. */
export async function recordSecrets(sshConfig: string, hosts: readonly string[]): Promise<void> {
  const folder = keptIn();
  if (folder === undefined) return;
  await Promise.all(
    hosts.map(async (host) => {
      const { stdout } = await execa("ssh", ["-F", sshConfig, host, "sudo sh -s"], { input: secretsScript, reject: false });
      appendFileSync(join(folder, "secrets"), `${stdout ?? ""}\n`, { mode: 0o600 });
    }),
  );
}

/** How a secret may stand in a text: as it is, in base64, and the value of what is base64 already. The short ones are none. */
export function formsOf(secret: string): readonly string[] {
  const decoded = Buffer.from(secret, "base64").toString("utf8");
  const isText = /^[\x20-\x7e\n]*$/.test(decoded);
  const lines = isText ? decoded.split("\n").filter((line) => !line.startsWith("-----")) : [];
  return [secret, ...lines].filter((form) => form.length >= 12);
}

/** Names of files in `kept` (a recording) that hold a secret which was made, or anything that looks like a private key or a join's token. */
export async function findLeaks(kept: string): Promise<readonly string[]> {
  const text = await readFile(join(kept, "secrets"), "utf8").catch(() => "");
  const secrets = [...new Set(text.split("\n").flatMap(formsOf))];
  const files = (await readdir(kept, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && entry.name !== "secrets",
  );
  const leaks = files.map(async ({ parentPath, name }) => {
    const content = await readFile(join(parentPath, name), "utf8");
    const holds = secrets.some((secret) => content.includes(secret));
    return holds || /PRIVATE KEY-----|client-key-data: *[A-Za-z0-9+/]{20}|\b[a-z0-9]{6}\.[a-z0-9]{16}\b/.test(content) ? [name] : [];
  });
  return (await Promise.all(leaks)).flat();
}
