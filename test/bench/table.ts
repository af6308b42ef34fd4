import { cpus } from "node:os";
import type { Bootstraps } from "./bootstrap.ts";
import { formatSpread, formatTable, type Milestones, spreadOf } from "./figures.ts";
import type { Idle } from "./idle.ts";
import { type Observation, type Observed, observedCount } from "./observe.ts";
import type { ScaleRun } from "./scale.ts";

/** What a file of figures holds: the parts that have been measured so far. */
export interface Results {
  readonly machine?: unknown;
  readonly startup?: { readonly helpMs: readonly number[] };
  readonly bootstrap?: Bootstraps;
  readonly idle?: Idle;
  readonly observe?: Observed;
  readonly scale?: readonly ScaleRun[];
}

type Row = readonly [what: string, kboot: string, other: string, ratio: string];

/** One figure of several runs, beside that of somebody else's runs. */
function row<A, B>(
  what: string,
  digits: number,
  [runs, pick]: [readonly A[], (run: A) => number],
  other?: [string, readonly B[], (run: B) => number],
): Row {
  const own = spreadOf(runs.map(pick));
  if (other === undefined) return [what, formatSpread(own, digits), "", ""];
  const [who, others, pickOther] = other;
  const theirs = spreadOf(others.map(pickOther));
  const ratio = own && theirs ? (own.median / theirs.median).toFixed(2) : "-";
  return [what, formatSpread(own, digits), `${who}: ${formatSpread(theirs, digits)}`, ratio];
}

function bootstrapRows({ kboot, kubeadm }: Bootstraps): readonly Row[] {
  const milestone = (what: string, which: keyof Milestones) =>
    row(what, 1, [kboot, (run) => run.milestones[which]], ["kubeadm", kubeadm, (run) => run.milestones[which]]);
  return [
    row("bare hosts to a complete cluster, 1+2, s", 1, [kboot, (run) => run.seconds], ["kubeadm", kubeadm, (run) => run.seconds]),
    milestone("- programs and images on all hosts after", "installed"),
    milestone("- first control plane ready for joins after", "initialized"),
    milestone("- workers joined after", "joined"),
    milestone("- nodes Ready after", "ready"),
    row("- round trips of the busiest host", 0, [kboot, (run) => Math.max(...Object.values(run.trips))]),
    row("- peak memory, MiB", 0, [kboot, (run) => run.peakMemoryMiB]),
  ];
}

function idleRows({ direct, far }: Idle): readonly Row[] {
  return [
    row("`apply` with nothing to do, 3 hosts, s", 2, [direct, (run) => run.seconds]),
    row("- 100 ms away, s", 2, [far, (run) => run.seconds]),
    row("- round trips of the busiest host", 0, [direct, (run) => Math.max(...Object.values(run.trips))]),
    row("- changes, which should be none", 0, [direct, (run) => run.changes]),
    row("- peak memory, MiB", 0, [direct, (run) => run.peakMemoryMiB]),
  ];
}

function observeRows({ runs }: Observed): readonly Row[] {
  const rows: Row[] = [];
  const compare = (what: string, digits: number, roundTripMs: number, pick: (run: Observation) => number) => {
    const by = (who: Observation["who"]) => runs.filter((run) => run.who === who && run.roundTripMs === roundTripMs);
    for (const who of ["Ansible", "pyinfra"] as const) rows.push(row(what, digits, [by("kboot"), pick], [who, by(who), pick]));
  };
  compare(`${observedCount} resources looked at on 2 hosts, s`, 2, 0, (run) => run.seconds);
  compare("- 100 ms away, s", 2, 100, (run) => run.seconds);
  compare("- round trips on the wire", 0, 100, (run) => run.roundTrips);
  compare("- peak memory, MiB", 0, 0, (run) => run.peakMemoryMiB);
  return rows;
}

function scaleRows(runs: readonly ScaleRun[]): readonly Row[] {
  return runs.flatMap((run) => [
    row(`\`apply\` with nothing to do, ${run.hosts} simulated hosts, s`, 2, [[run], ({ seconds }) => seconds]),
    row("- peak memory, MiB", 0, [[run], ({ peakMemoryMiB }) => peakMemoryMiB]),
  ]);
}

/** The parts that were measured, as one table in Markdown. */
export function printTable({ startup, bootstrap, idle, observe, scale }: Results): string {
  return formatTable([
    [`${cpus().length} cores`, "kboot", "compared with", "ratio"],
    ...(bootstrap ? bootstrapRows(bootstrap) : []),
    ...(idle ? idleRows(idle) : []),
    ...(observe ? observeRows(observe) : []),
    ...(scale ? scaleRows(scale) : []),
    ...(startup ? [row("`kboot --help`, ms", 0, [startup.helpMs, (ms) => ms])] : []),
  ]);
}

const [open, close] = ["<!-- figures: npm run bench -- --readme -->\n", "<!-- end of figures -->"];

/** The text with this table in place of what stands between the marks. */
export function replaceFigures(text: string, table: string): string {
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`there is no place for figures: ${open.trim()} and ${close}`);
  return `${text.slice(0, from)}${open}\n${table}\n${text.slice(to)}`;
}
