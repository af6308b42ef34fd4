import { basename } from "node:path";
import { execa } from "execa";
import { quote } from "../../../src/host/quote.ts";
import { runOnHost } from "./exe.ts";
import { type Lab, onHost, sendToHost } from "./lab.ts";

/** Those that people paste a line into, as they start them. */
export const shells = ["bash -i", "dash -i", "fish -i"] as const;

/** What a stock system of the hosts has of the libraries of a program. */
const stock = /^(linux-vdso|ld-linux|libc\.|libm\.|libtinfo)/;

/** Puts this machine's fish on a host, from which Debian's mirrors are out of reach. */
export async function installFish(set: Lab, host: string): Promise<void> {
  const { stdout } = await execa("ldd", ["/usr/bin/fish"]);
  const libraries = [...stdout.matchAll(/=> (\S+)/g)].map(([, path = ""]) => path).filter((path) => !stock.test(basename(path)));
  const tar = execa("tar", ["-ch", "/usr/bin/fish", "/usr/share/fish", ...libraries], {
    stdout: "pipe",
    encoding: "buffer",
    buffer: false,
  });
  await Promise.all([sendToHost(set, host, "tar -x --skip-old-files -C /", tar.stdout), tar]);
  await onHost(set, host, "ldconfig && fish --version");
}

/** Sh that starts a shell on a terminal, types a line into it, and leaves it. */
const typing = (shell: string, line: string) => `printf '%s\\n' ${quote(line)} exit | script -qec ${quote(shell)} /dev/null`;

/** Pastes a line into an interactive shell on a terminal of a host, as root. The exit code is the line's. */
export function pasteInto(set: Lab, host: string, shell: string, line: string): ReturnType<typeof runOnHost> {
  return runOnHost(set, host, typing(shell, line));
}

/** The arguments with which a program is called when a line is pasted into a shell. A stand-in takes the program's place. */
export async function argumentsOf(set: Lab, host: string, shell: string, line: string): Promise<readonly string[]> {
  const [program = ""] = line.split(" ");
  const folder = "/root/stand-in";
  const standIn = `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/arguments\n`;
  const said = await onHost(
    set,
    host,
    `mkdir -p ${folder}
printf '%s' ${quote(standIn)} > ${folder}/${program}
chmod 755 ${folder}/${program}
export PATH=${folder}:$PATH
${typing(shell, line)} > /dev/null
cat ${folder}/arguments
rm -r ${folder}`,
  );
  return said.trimEnd().split("\n");
}
