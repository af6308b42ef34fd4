import type { Difference, HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";

/** A unit that is enabled and runs, started after the newest change of its inputs. */
export interface SystemdUnitResource {
  readonly kind: "systemd-unit";
  readonly name: string;
  /** Paths of files that its process reads at start. */
  readonly inputs: readonly string[];
}

export interface ObservedUnit {
  readonly activeState: string;
  readonly unitFileState: string;
  /** Seconds since the epoch; undefined when it never started. */
  readonly startedAt: number | undefined;
  /** Modification times of the inputs that exist, seconds since the epoch. */
  readonly inputTimes: Readonly<Record<string, number>>;
}

type FormerUnit = Partial<Pick<ObservedUnit, "activeState" | "unitFileState">>;

/** True for a unit that ran: one that is no part of kboot's, and shall run on. */
function wasUp(activeState: string | undefined): boolean {
  return activeState === "active" || activeState === "reloading";
}

/** A systemd-unit resource. */
export function systemdUnit(name: string, inputs: readonly string[]): SystemdUnitResource {
  return { kind: "systemd-unit", name, inputs };
}

/** Prints `TIME PATH` for each path that exists, with a fraction where stat can. */
export function observeTimes(paths: readonly string[]): string {
  if (paths.length === 0) return "true";
  const list = paths.map(quote).join(" ");
  return `for p in ${list}; do [ -e "$p" ] && stat -L -c '%.Y %n' "$p"; done; true`;
}

/** Reads what `observeTimes` printed, by path. */
export function parseTimes(lines: readonly string[]): Record<string, number> {
  const times: Record<string, number> = {};
  for (const line of lines) {
    const [, time, path] = /^([0-9.,]+) (\/.*)$/.exec(line) ?? [];
    if (time !== undefined && path !== undefined) times[path] = Number(time.replace(",", "."));
  }
  return times;
}

/** That and why a process that started at `startedAt` has to start again, if it has to. */
export function compareStart(
  inputs: readonly string[],
  times: Readonly<Record<string, number>>,
  startedAt: number | undefined,
  changing: ReadonlySet<string>,
): readonly Difference[] {
  const changed = inputs.find((path) => changing.has(path));
  if (changed !== undefined) return [{ what: "restart", from: `${changed} changes`, follows: true }];
  // a start that is known in whole seconds only is taken as late in that second
  const latest = startedAt === undefined ? undefined : Number.isInteger(startedAt) ? startedAt + 1 : startedAt;
  const newer = latest === undefined ? undefined : inputs.find((path) => (times[path] ?? 0) > latest);
  return newer === undefined ? [] : [{ what: "restart", from: `${newer} is newer than the process` }];
}

export const systemdUnitKind: HostKind<SystemdUnitResource, ObservedUnit> = {
  kind: "systemd-unit",
  id: (resource) => `systemd-unit:${resource.name}`,
  observe: ({ name, inputs }) => `u=${quote(name)}
systemctl show "$u" -p ActiveState -p UnitFileState 2>/dev/null || true
t=$(systemctl show "$u" --timestamp=us+utc -p ExecMainStartTimestamp --value 2>/dev/null || systemctl show "$u" -p ExecMainStartTimestamp --value 2>/dev/null || true)
[ -z "$t" ] || printf 'Started=%s\\n' "$(date -d "$t" +%s.%N)"
${observeTimes(inputs)}`,
  parse(_resource, { stdout }) {
    const lines = stdout.toString("utf8").split("\n");
    const value = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    const started = Number(value("Started"));
    return {
      activeState: value("ActiveState"),
      unitFileState: value("UnitFileState"),
      startedAt: started > 0 ? started : undefined,
      inputTimes: parseTimes(lines),
    };
  },
  compare(resource, observed, { changing }) {
    const differences: Difference[] = [];
    if (observed.unitFileState !== "enabled")
      differences.push({ what: "enabled", from: observed.unitFileState || "absent", to: "enabled" });
    if (observed.activeState !== "active")
      return [...differences, { what: "running", from: observed.activeState || "absent", to: "active" }];
    return [...differences, ...compareStart(resource.inputs, observed.inputTimes, observed.startedAt, changing)];
  },
  async change(items) {
    const lines = ["systemctl daemon-reload"];
    for (const { resource, observed, differences } of items) {
      const name = quote(resource.name);
      const differs = (what: string) => differences.some((difference) => difference.what === what);
      if (differs("enabled")) lines.push(`systemctl enable ${name}`);
      // start leaves alone what an action of this run has started meanwhile
      const isDown = ["", "inactive", "failed"].includes(observed.activeState);
      const verb = differs("running") && isDown ? "start" : "restart";
      if (differs("running") || differs("restart"))
        lines.push(`systemctl ${verb} ${name} || { systemctl status --no-pager -n 15 ${name} >&2; exit 1; }`);
    }
    return { script: lines.join("\n") };
  },
  before: ({ activeState, unitFileState }): FormerUnit => ({ activeState, unitFileState }),
  remove: (things) => {
    const units = things.map(({ id, before }) => ({ name: quote(id.slice("systemd-unit:".length)), ...(before as FormerUnit | null) }));
    return {
      // `disable` needs the unit's file, which goes after it
      first: units
        .flatMap(({ name, activeState, unitFileState }) => [
          ...(unitFileState === "enabled" ? [] : [`systemctl disable ${name} 2>/dev/null || true`]),
          ...(wasUp(activeState)
            ? []
            : [`systemctl stop ${name} 2>/dev/null || true`, `systemctl reset-failed ${name} 2>/dev/null || true`]),
        ])
        .join("\n"),
      last: [
        "systemctl daemon-reload",
        ...units.flatMap(({ name, activeState }) => (wasUp(activeState) ? [`systemctl restart ${name}`] : [])),
      ].join("\n"),
    };
  },
};
