import { z } from "zod";
import { nearest, suggest } from "../suggest.ts";
import { type Judge, matching } from "./judge.ts";
import { judgeArgumentName } from "./syntax.ts";

/** A schema whose values must also please a judge, which says in words what is wrong. */
export function judged<S extends z.ZodType>(schema: S, judge: Judge<z.output<S>>): S {
  return schema.superRefine((value, context) => {
    const message = judge(value as z.output<S>);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  }) as S;
}

/** Text that pleases a judge. `missing` says what to write when there is nothing. */
export function text(judge: Judge<string> = notEmpty, missing?: string) {
  // quotes are the remedy for a number only where its digits would do as text
  const error = ({ input }: { input?: unknown }): string =>
    (typeof input === "number" ? judge(String(input)) : undefined) ?? wrongType("text", missing)({ input });
  return patterned(judged(z.string({ error }), judge), judge);
}

/** Hands a judge's pattern on to the JSON Schema. */
function patterned<S extends z.ZodType>(schema: S, { pattern }: Judge<string>): S {
  return pattern === undefined ? schema : schema.meta({ pattern: pattern.source });
}

/** A whole number in a range, its ends included. */
export function integer(least: number, most: number) {
  const error = ({ input }: { input?: unknown }): string =>
    typeof input === "number" ? `must be a whole number from ${least} to ${most}, not ${input}` : wrongType("a whole number")({ input });
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** True or false. */
export function flag() {
  return z.boolean({ error: wrongType("true or false") });
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(words: Words) {
  return z.enum(words, {
    error: ({ input }) => {
      const wanted = words.join(" or ");
      if (input === undefined) return `is missing; write ${wanted}`;
      if (typeof input !== "string") return wrongType(wanted)({ input });
      const near = nearest(input, words);
      return `must be ${wanted}, not ${input}${near === undefined ? "" : `; did you mean ${near}`}`;
    },
  });
}

/** A map of these fields and no others. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape, missing?: string) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? unknownKeys(issue.keys, Object.keys(shape)) : wrongType("a map of fields", missing)(issue),
  });
}

/** A list of values. */
export function list<Element extends z.ZodType>(element: Element, missing?: string) {
  return z.array(element, { error: wrongType("a list", missing) });
}

/** A map from names to values. */
export function map<Value extends z.ZodType>(value: Value, key: Judge<string> = () => undefined) {
  return z.record(patterned(judged(z.string(), key), key), value, { error: wrongType("a map") });
}

const argument = z.union([z.string(), z.number(), z.boolean()]);
const argumentValue = z.union([argument, z.array(argument).min(1)], { error: "must be text, a number, true, false, or a list of these" });

/** Arguments of a program by name, without dashes; a list repeats one. */
export const extraArgs = map(argumentValue, judgeArgumentName);

const notEmpty = matching(/[\s\S]/, () => "is empty");

/** Says what was found instead of what is wanted. */
export function wrongType(wanted: string, missing?: string) {
  return ({ input }: { readonly input?: unknown }): string => {
    if (input === undefined) return missing === undefined ? "is missing" : `is missing; ${missing}`;
    if (input === null) return "has no value; give it one or remove the key";
    if (wanted === "text" && typeof input === "number") return `must be text, not the number ${input}; put it in quotes`;
    if (wanted === "text" && typeof input === "boolean") return `must be text, not ${input}; put it in quotes`;
    return `must be ${wanted}, not ${nameOf(input)}`;
  };
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? `the text ${JSON.stringify(value)}` : String(value);
}

/** One line for each key, in order. */
function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `there is no such field; ${suggest(key, known)}`).join("\n");
}
