import { globSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { entriesOf, tarOf } from "../../components/tar.ts";
import { type Lab, sendToHost } from "./lab.ts";

/** The folder of Debian's tools that the builder of components made: the same system as the test hosts have. */
export function toolsTree(): string {
  const [tree] = globSync(join(homedir(), ".cache/kboot/components/tools-trixie-*/tree"));
  if (tree === undefined) throw new Error("the tools of Debian are not there: see test/components");
  return tree;
}

const parts = /^usr\/sbin\/(x|ip6?)tables|^usr\/lib\/[^/]+\/(xtables|lib(xtables|nftnl|mnl|ip[46]tc)\.)/;

/** Puts iptables on a host, which a stock system does not have, and Debian's mirrors are out of its reach. */
export async function installIptables(set: Lab, host: string): Promise<void> {
  const entries = (await entriesOf(toolsTree())).filter(({ path }) => parts.test(path));
  await sendToHost(set, host, "tar -x -C /", tarOf(entries));
}
