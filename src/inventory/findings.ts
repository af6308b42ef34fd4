import type { z } from "zod";
import type { Finding } from "./problem.ts";

/** The mistakes that an issue of a schema of `fields.ts` tells of: one for each unknown key. */
export function findingsOf(issue: z.core.$ZodIssue): readonly Finding[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys") {
    const lines = issue.message.split("\n");
    return issue.keys.map((key, index) => ({ path: [...path, key], message: lines[index] ?? issue.message, atKey: true }));
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path, message, atKey: true }));
  return [{ path, message: issue.message }];
}
