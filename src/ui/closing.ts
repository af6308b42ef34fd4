import type { EngineEvent } from "../engine/events.ts";
import { formatTable } from "./table.ts";

/** Collects times; its text is the end of an apply: seconds per step and host, and what to do next. */
export function createClosing(file: string): { listen(event: EngineEvent): void; text(): string } {
  const seconds = new Map<string, Map<string, number>>();
  const hosts = new Set<string>();
  let applied = false;
  let ok = false;
  return {
    listen(event) {
      if (event.type === "planned") applied = event.willApply;
      if (event.type === "run-finished") ok = event.ok;
      if (event.type !== "step-finished" && event.type !== "step-failed") return;
      hosts.add(event.host);
      seconds.set(event.step, (seconds.get(event.step) ?? new Map<string, number>()).set(event.host, event.seconds));
    },
    text() {
      if (!applied) return "";
      const names = [...hosts].sort();
      const rows = [...seconds].map(([step, byHost]) => [step, ...names.map((host) => byHost.get(host)?.toFixed(1) ?? "")]);
      const table = rows.length === 0 ? "nothing had to be changed\n" : formatTable(["SECONDS", ...names], rows);
      const next = ok ? `next: kboot kubeconfig -f ${file} > kubeconfig && kubectl --kubeconfig kubeconfig get nodes\n` : "";
      return `\n${table}\n${next}`;
    },
  };
}
