import { Ajv } from "ajv";
import test from "ava";
import { parse } from "yaml";
import { buildJsonSchema } from "../../src/inventory/json-schema.ts";
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

const isOfShape = new Ajv({ strictTuples: false, allowUnionTypes: true }).compile(buildJsonSchema(() => undefined));

/** Whether the JSON Schema takes a text, as an editor would see it. */
export function schemaTakes(text: string): boolean {
  return isOfShape(parse(text));
}

/** These lines of `spec` are a good inventory, for the program and for an editor. */
export const takes = test.macro((t, spec: string) => {
  t.deepEqual(problemsOf(inventory(spec)), []);
  t.true(schemaTakes(inventory(spec)), "the JSON Schema refuses it");
});

/** These lines of `spec` give exactly these problems, in this order; they are wrong as text already. */
export const refusesAsText = test.macro((t, spec: string, expected: readonly string[]) => {
  t.deepEqual(problemsOf(inventory(spec)), expected);
});

/** These lines of `spec` give exactly these problems, in this order; at least one is so plain that the JSON Schema refuses it too. */
export const refusesByShape = test.macro((t, spec: string, expected: readonly string[]) => {
  t.deepEqual(problemsOf(inventory(spec)), expected);
  t.false(schemaTakes(inventory(spec)), "the JSON Schema takes it");
});

/** These lines of `spec` give exactly these problems, in this order; only the program can tell them. */
export const refusesByRule = test.macro((t, spec: string, expected: readonly string[]) => {
  t.deepEqual(problemsOf(inventory(spec)), expected);
  t.true(schemaTakes(inventory(spec)), "the JSON Schema refuses it");
});
