import test from "ava";
import { parseInventory } from "../../src/inventory/parse.ts";
import { formatProblem } from "../../src/inventory/problem.ts";

/** An inventory whose `spec` goes on with these lines; the first of them is line 6. A host is added if they have none. */
export function inventory(spec = ""): string {
  const head = "apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: { name: lab }\nspec:\n  kubernetesVersion: 1.36.3";
  const host = "  hosts: [{ name: cp1, address: 192.168.56.11, role: control-plane }]";
  return [head, spec.replace(/^\n|\n$/g, ""), ...(spec.includes("hosts:") ? [] : [host])].join("\n");
}

/** The problems of a text, each as users see it after the name of the file. */
export function problemsOf(text: string): readonly string[] {
  const { problems = [] } = parseInventory(text, { file: "lab.yaml", home: "/home/me" });
  return problems.map((problem) => formatProblem("", problem).slice(1));
}

/** These lines of `spec` give exactly these problems, in this order. */
export const refuses = test.macro((t, spec: string, expected: readonly string[]) => {
  t.deepEqual(problemsOf(inventory(spec)), expected);
});
