import type { EngineEvent } from "../engine/events.ts";
import { formatTable } from "./table.ts";

/** More hosts than this are not shown side by side. */
const columns = 6;

export interface ClosingOptions {
  /** The inventory as the user named it. */
  readonly file: string;
  /** Where the log of the run is, for reading. */
  readonly log: string | undefined;
}

/** Collects times; its text is the end of an apply: seconds per step and host, round trips, and what to do next. */
export function createClosing({ file, log }: ClosingOptions): { listen(event: EngineEvent): void; text(): string } {
  const seconds = new Map<string, Map<string, number>>();
  let trips: Readonly<Record<string, number>> = {};
  let applied = false;
  let ok = false;
  return {
    listen(event) {
      if (event.type === "planned") applied = event.willApply;
      if (event.type === "step-started" && !seconds.has(event.step)) seconds.set(event.step, new Map());
      if (event.type === "step-finished" || event.type === "step-failed") seconds.get(event.step)?.set(event.host, event.seconds);
      if (event.type === "run-finished") ({ ok, trips } = event);
    },
    text() {
      if (!applied) return "";
      return [
        "",
        seconds.size === 0 ? "nothing had to be changed" : printTimes(seconds, trips),
        ...(log === undefined ? [] : [`log: ${log}`]),
        ...(ok ? [`next: kboot kubeconfig -f ${file} > kubeconfig && kubectl --kubeconfig kubeconfig get nodes`] : []),
        "",
      ].join("\n");
    },
  };
}

function printTimes(seconds: ReadonlyMap<string, ReadonlyMap<string, number>>, trips: Readonly<Record<string, number>>): string {
  const hosts = [...new Set([...Object.keys(trips), ...[...seconds.values()].flatMap((byHost) => [...byHost.keys()])])].sort();
  if (hosts.length > columns) {
    return formatTable(
      ["STEP", "HOSTS", "SLOWEST", "SECONDS"],
      [...seconds].map(([step, byHost]) => {
        const [host, most] = [...byHost].sort(([, one], [, other]) => other - one)[0] ?? ["", 0];
        return [step, String(byHost.size), host, most.toFixed(1)];
      }),
    );
  }
  const rows = [...seconds].map(([step, byHost]) => [step, ...hosts.map((host) => byHost.get(host)?.toFixed(1) ?? "")]);
  return formatTable(["SECONDS", ...hosts], [...rows, ["round trips", ...hosts.map((host) => trips[host]?.toString() ?? "")]]);
}
