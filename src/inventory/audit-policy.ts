import { readFile } from "node:fs/promises";
import { parse } from "yaml";

/** What an audit policy file holds, or what is wrong with it: an API server that cannot read its policy does not start. */
export async function readAuditPolicy(path: string): Promise<{ readonly policy: string } | { readonly wrong: string }> {
  let policy: string;
  let document: unknown;
  try {
    policy = await readFile(path, "utf8");
  } catch (error) {
    return { wrong: `cannot be read: ${(error as Error).message}` };
  }
  try {
    document = parse(policy);
  } catch (error) {
    return { wrong: `${path} is not YAML: ${(error as Error).message.split("\n")[0]}` };
  }
  const { apiVersion, kind, rules } = (document ?? {}) as Readonly<Record<string, unknown>>;
  const isPolicy = apiVersion === "audit.k8s.io/v1" && kind === "Policy" && Array.isArray(rules) && rules.length > 0;
  return isPolicy ? { policy } : { wrong: `${path} is not an audit policy: apiVersion audit.k8s.io/v1, kind Policy, and a list of rules` };
}
