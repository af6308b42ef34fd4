import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { KbootError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { readAuditPolicy } from "./audit-policy.ts";
import type { Cluster } from "./cluster.ts";
import { type ParsedInventory, parseInventory } from "./parse.ts";
import { formatProblem, type Problem } from "./problem.ts";

/**
 * The cluster that a file describes. Throws KbootError `inventory` whose message has one line for every problem,
 * `inventory/lab.yaml:12:5 hosts[1].address: ...`, with the path as it was given. `checks` are the names that `ignoreChecks` may hold.
 */
export async function readInventory(file: string, checks?: readonly string[]): Promise<Cluster> {
  const text = await readFile(file, "utf8").catch((cause: Error) => {
    throw new KbootError("inventory", `cannot read the inventory: ${cause.message}`, {
      where: { file },
      hint: "name an inventory that you can read; inventory/minimal.yaml is one to begin with",
      cause,
    });
  });
  const parsed = await withFiles(parseInventory(text, { file, home: homedir(), checks }));
  if (parsed.cluster === undefined) throw refuse(file, parsed.problems);
  return parsed.cluster;
}

/** A parsed inventory with the contents of the files that it names, or what is wrong with those. */
export async function withFiles(parsed: ParsedInventory): Promise<ParsedInventory> {
  if (parsed.cluster === undefined) return parsed;
  const { network, audit } = parsed.cluster;
  const path = network.plugin === "weave-net" ? network.passwordFile : undefined;
  const password = path === undefined ? undefined : await readPassword(path);
  const policy = audit === undefined ? undefined : await readAuditPolicy(audit.policyFile);
  const problems = [
    ...(typeof password === "string" ? [parsed.locate({ path: ["spec", "network", "passwordFile"], message: password })] : []),
    ...(policy !== undefined && "wrong" in policy ? [parsed.locate({ path: ["spec", "audit", "policyFile"], message: policy.wrong })] : []),
  ];
  if (problems.length > 0) return { problems };
  const cluster = {
    ...parsed.cluster,
    ...(password instanceof Secret && network.plugin === "weave-net" ? { network: { ...network, password } } : {}),
    ...(audit !== undefined && policy !== undefined && "policy" in policy ? { audit: { ...audit, ...policy } } : {}),
  };
  return { ...parsed, cluster };
}

/** The files that an inventory reads beside itself: absolute paths. */
export function filesReadBy({ network, audit }: Cluster): readonly string[] {
  const passwordFile = network.plugin === "weave-net" ? network.passwordFile : undefined;
  return [passwordFile, audit?.policyFile].filter((path) => path !== undefined);
}

function refuse(file: string, problems: readonly Problem[]): KbootError {
  return new KbootError("inventory", problems.map((problem) => formatProblem(file, problem)).join("\n"), {
    hint: "docs/inventory.md describes every field",
  });
}

/** The password in a file, or what is wrong with it. A newline would be part of the password, and an editor's is not meant to be. */
async function readPassword(path: string): Promise<Secret | string> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (error) {
    return error instanceof TypeError
      ? `${path} is not text in UTF-8, which a password has to be`
      : `cannot be read: ${(error as Error).message}`;
  }
  if (text === "") return `${path} is empty; write a password into it`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    return `the password in ${path} holds a newline or another control character; write it with: printf %s PASSWORD`;
  }
  return new Secret(text);
}
