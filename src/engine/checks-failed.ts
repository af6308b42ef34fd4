import { type ErrorCode, exitCodeOf, KbootError, type Problem } from "../errors.ts";

/** What a check has found, with its name and what the catalogue calls it. */
export interface FoundProblem extends Problem {
  readonly check: string;
  readonly code: ErrorCode;
}

/** What stands for a step in errors of checks. */
const checksStep = "checks";

/**
 * The error for what checks have found, at least one thing. It has the code and the host that all of it has in common, and the exit code of failed checks;
 * where what has to be put right is why a host was not reached, it is the reason for that.
 */
export function checksFailed(found: readonly FoundProblem[], unreachable: ReadonlyMap<string, Error>): KbootError {
  const lines = found.map(({ host, message, check }) => `${host ?? "cluster"}: ${message} (${check})`);
  const single = found.length === 1 ? found[0] : undefined;
  const listed = single === undefined ? lines.map((line, index) => `${line}\n    ${found[index]?.hint}`) : lines;
  const text = [`${single === undefined ? `${found.length} checks` : "1 check"} failed, nothing was changed`, ...listed].join("\n  ");
  const reason = found.map(({ host }) => unreachable.get(host ?? "")).find((error) => error instanceof KbootError);
  if (reason !== undefined) {
    return new KbootError(reason.code, `${reason.message}\n  ${text}`, { where: reason.where, hint: reason.hint, cause: reason });
  }
  const host = common(found.map((problem) => problem.host));
  const unless = `or name ${single === undefined ? "a check" : single.check} under ignoreChecks in the inventory, if you know better`;
  return new KbootError(common(found.map(({ code }) => code)) ?? "check", text, {
    where: { ...(host !== undefined && { host }), step: checksStep },
    hint: `${single === undefined ? "put them right" : single.hint}; ${unless}`,
    exitCode: exitCodeOf("check"),
  });
}

/** The value that all have; undefined when they differ. */
function common<T>(values: readonly T[]): T | undefined {
  const [first, ...others] = new Set(values);
  return others.length === 0 ? first : undefined;
}
