import { readFile, writeFile } from "node:fs/promises";
import { KbootError } from "../errors.ts";
import { renderReport } from "../ui/report/report.ts";

/** `kboot report` */
export async function report(options: Record<string, unknown>, _signal: AbortSignal, [log = ""]: readonly string[]): Promise<void> {
  const { output } = options as { readonly output: string };
  const text = await readFile(log, "utf8").catch((cause: Error) => {
    throw new KbootError("usage", `cannot read the log ${log}: ${cause.message}`, {
      hint: "logs are in .kboot/logs beside the inventory, one for each apply",
      cause,
    });
  });
  const page = renderReport(text.split("\n"));
  if (page === undefined) {
    throw new KbootError("usage", `${log} is no log of a run`, {
      hint: "logs are in .kboot/logs beside the inventory, one for each apply",
    });
  }
  await writeFile(output, page, { mode: 0o600 });
}
