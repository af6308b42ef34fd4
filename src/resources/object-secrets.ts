import { randomBytes } from "node:crypto";
import type { Difference, KubernetesObject } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import type { Secret } from "../secret.ts";

/** Keys of a Secret's data with what they shall hold; undefined: whatever is there, or a value made at random. */
export type SecretValues = Readonly<Record<string, Secret | undefined>>;

/** Enough that nobody guesses it; base64 makes 43 letters of them. */
const randomLength = 32;

/** Keys that are not there yet, and those that hold another value than the one given. Says nothing of the values. */
export function compareSecrets(values: SecretValues, live: KubernetesObject): Difference[] {
  return Object.entries(values).flatMap(([key, given]): Difference[] => {
    const what = `data.${key}`;
    const found = dataOf(live)[key];
    if (found === undefined) return [{ what, to: given === undefined ? "new" : "the one given" }];
    return given === undefined || found === encode(given.reveal()) ? [] : [{ what, from: "another value", to: "the one given" }];
  });
}

/**
 * The data that the live object lacks, in base64: given, or made now. What is there is never replaced: throws KbootError `conflict`
 * when it is not what was given.
 */
export function makeSecrets(values: SecretValues, live: KubernetesObject): Readonly<Record<string, string>> {
  const { name, namespace } = live.metadata;
  return Object.fromEntries(
    compareSecrets(values, live).map(({ what, from }) => {
      if (from !== undefined) {
        throw new KbootError("conflict", `Secret ${namespace}/${name} holds another ${what} than the one given`, {
          hint: `whoever uses it would part in two: give the cluster's own, or stop them, \`kubectl -n ${namespace} delete secret ${name}\`, and apply again`,
        });
      }
      const key = what.slice("data.".length);
      return [key, encode(values[key]?.reveal() ?? randomBytes(randomLength).toString("base64url"))];
    }),
  );
}

function dataOf(live: KubernetesObject): Readonly<Record<string, string>> {
  return (live["data"] ?? {}) as Readonly<Record<string, string>>;
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
