import { catalogue, type ErrorCode, errorCodes, listExitCodes } from "../errors/catalogue.ts";
import { KbootError } from "../errors.ts";
import { closest } from "../suggest.ts";
import { formatTable } from "../ui/table.ts";

/** `kboot explain` */
export async function explain({ markdown }: Record<string, unknown>, _signal: AbortSignal, [code]: readonly string[]): Promise<void> {
  process.stdout.write(markdown === true ? renderErrorsPage() : code === undefined ? listCodes() : explainCode(code));
}

/** What is known of a code, or of all codes with an exit code. Throws KbootError `usage` for one that there is not. */
export function explainCode(word: string): string {
  const codes = /^\d+$/.test(word) ? errorCodes.filter((code) => catalogue[code].exitCode === Number(word)) : findCode(word);
  if (codes.length > 0) return codes.map(describe).join("\n");
  const exit = listExitCodes().find(({ exitCode }) => String(exitCode) === word);
  if (exit !== undefined) return `exit code ${word}: ${exit.meaning}\n`;
  throw new KbootError("usage", `there is no code ${word}`, {
    hint: `the closest are ${closest(word, errorCodes, 3).join(", ")}; kboot explain lists all`,
  });
}

function findCode(word: string): readonly ErrorCode[] {
  return errorCodes.filter((code) => code === word.toLowerCase());
}

function listCodes(): string {
  const rows = errorCodes.map((code) => [code, String(catalogue[code].exitCode), retryWord(code), catalogue[code].title]);
  return formatTable(["CODE", "EXIT", "RETRY", "WHAT HAPPENED"], rows);
}

function retryWord(code: ErrorCode): string {
  return catalogue[code].isTransient ? "heals" : "no";
}

function describe(code: ErrorCode): string {
  const { title, exitCode, isTransient, causes, next } = catalogue[code];
  return [
    `${code}: ${title}`,
    `exit code ${exitCode}, ${isTransient ? "trying again can heal it" : "trying again alone does not heal it"}`,
    ...(causes.length === 0 ? [] : ["likely causes:", ...causes.map((cause) => `  - ${cause}`)]),
    "what to do:",
    ...next.map((step) => `  - ${step}`),
    "",
  ].join("\n");
}

/** The page docs/errors.md. */
export function renderErrorsPage(): string {
  const exits = listExitCodes().map(
    ({ exitCode, meaning, codes }) =>
      `- **${exitCode}**: ${meaning}${codes.length === 0 ? "" : ` (${codes.map((code) => `[${code}](#${code})`).join(", ")})`}`,
  );
  const sections = errorCodes.flatMap((code) => {
    const { title, exitCode, isTransient, causes, next } = catalogue[code];
    return [
      `## ${code}`,
      `${title.charAt(0).toUpperCase()}${title.slice(1)}. Exit code ${exitCode}; ${isTransient ? "trying again can heal it" : "trying again alone does not heal it"}.`,
      ...(causes.length === 0 ? [] : ["Likely causes:", causes.map((cause) => `- ${cause}`).join("\n")]),
      "What to do:",
      next.map((step) => `- ${step}`).join("\n"),
    ];
  });
  return `${[
    "# Errors",
    "Every error names the host and the step, what the failed script wrote on stderr, and what to do next. Its code stands behind `more:`, and as `error.code` in events; `kboot explain CODE` prints what stands here. This page is made from the catalogue in the source by `npm run errors`.",
    "An error that says of itself that it can heal (`error.transient` in events) is tried again by kboot where it waits or retries; all others are told at once.",
    "## Exit codes",
    "A single host that is set aside gives the code of its own error, several give 1. What checks find ends a run with 3, also where it has a code of its own.",
    exits.join("\n"),
    ...sections,
  ].join("\n\n")}\n`;
}
