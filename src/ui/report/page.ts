import { style } from "./style.ts";
import type { Bar, Timeline } from "./timeline.ts";

/** The whole report as one page of HTML, which needs nothing else. */
export function renderPage(timeline: Timeline): string {
  const { cluster, run, startedAt, length, ok, bars } = timeline;
  const outcome = ok === undefined ? "did not come to its end" : ok ? "all in order" : "not all is in order";
  const ids = new Map(bars.map(({ key }, index) => [key, `s${index}`]));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>kboot: ${escapeHtml(cluster)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(cluster)} <small class="${ok ? "good" : "bad"}">${outcome}</small></h1>
<p>run ${escapeHtml(run)}, ${startedAt.toISOString().replace("T", " ").slice(0, 19)} UTC, ${seconds(length)} s, ${bars.length} steps</p>
${renderErrors(timeline)}
<h2>Timeline</h2>
${renderLegend(bars)}
${renderTimeline(timeline, ids)}
<h2>Where the time went</h2>
<p>Each step waited for the one before it last; the last one ended the run.</p>
${renderPath(timeline, ids)}
<h2>Sums</h2>
${renderSums(timeline)}
<h2>Hosts</h2>
${renderHosts(timeline)}
<h2>Steps</h2>
${renderSteps(timeline, ids)}
</body>
</html>
`;
}

/** Any text as text of HTML, also within quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** Steps have the same colour wherever they stand: as far from each other as their number allows. */
function hueOf(bars: readonly Bar[]): (step: string) => number {
  const steps = [...new Set(bars.map(({ step }) => step))];
  return (step) => Math.round((steps.indexOf(step) * 137.5) % 360);
}

function renderLegend(bars: readonly Bar[]): string {
  const hue = hueOf(bars);
  const titles = new Map(bars.map(({ step, title }) => [step, title]));
  const entries = [...titles].map(([step, title]) => `<span><i style="--hue:${hue(step)}"></i>${escapeHtml(title)}</span>`);
  return `<p class="legend">${entries.join(" ")}</p>`;
}

function renderTimeline({ hosts, bars, length, path }: Timeline, ids: ReadonlyMap<string, string>): string {
  const hue = hueOf(bars);
  const decisive = new Set(path);
  const part = (ms: number) => `${((100 * ms) / length).toFixed(3)}%`;
  const byHost = Map.groupBy(bars, ({ host }) => host);
  const rows = hosts.map((host) => {
    const own = byHost.get(host) ?? [];
    const lanes = own.reduce((most, { lane }) => Math.max(most, lane + 1), 1);
    const boxes = own.map((bar) => {
      const wait = bar.from - bar.readyAt > 50 ? `, ready since ${seconds(bar.readyAt)} s` : "";
      const after = bar.waitedFor === undefined ? "" : `, waited for ${bar.waitedFor}`;
      const text = `${bar.key}: ${seconds(bar.from)} to ${seconds(bar.to)} s (${seconds(bar.to - bar.from)} s)${wait}${after}`;
      const classes = [bar.end, decisive.has(bar) ? "decisive" : ""].join(" ").trim();
      return `<a href="#${ids.get(bar.key)}" class="${classes}" title="${escapeHtml(text)}" style="--hue:${hue(bar.step)};left:${part(bar.from)};width:${part(bar.to - bar.from)};top:${bar.lane * 20}px">${escapeHtml(bar.step)}</a>`;
    });
    return `<div class="row"><b>${escapeHtml(host)}</b><div class="lanes" style="height:${lanes * 20}px">${boxes.join("")}</div></div>`;
  });
  const ticks = axis(length).map((ms) => `<span style="left:${part(ms)}">${ms / 1000} s</span>`);
  return `<div class="timeline"><div class="row"><b></b><div class="lanes axis">${ticks.join("")}</div></div>${rows.join("\n")}</div>`;
}

/** Round times, at most ten of them. */
function axis(length: number): readonly number[] {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000];
  const step = steps.find((candidate) => length / candidate <= 10) ?? 1_800_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) => `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${line(head, "th")}</thead><tbody>${rows.map((row) => line(row, "td")).join("\n")}</tbody></table>`;
}

function link(key: string | undefined, ids: ReadonlyMap<string, string>): string {
  if (key === undefined) return "";
  const id = ids.get(key);
  return id === undefined ? escapeHtml(key) : `<a href="#${id}">${escapeHtml(key)}</a>`;
}

function renderPath({ path }: Timeline, ids: ReadonlyMap<string, string>): string {
  const rows = path.map((bar, index) => {
    const before = path[index - 1]?.to ?? 0;
    return [link(bar.key, ids), seconds(bar.to - bar.from), seconds(Math.max(0, bar.from - before)), seconds(bar.to)];
  });
  return table(["step", "seconds", "idle before", "ended at"], rows);
}

function renderSums({ bars }: Timeline): string {
  const rows = [...Map.groupBy(bars, ({ step }) => step)].map(([step, own]) => {
    const slowest = own.toSorted((one, other) => other.to - other.from - (one.to - one.from))[0];
    const sum = own.reduce((total, { from, to }) => total + to - from, 0);
    return [
      escapeHtml(step),
      String(own.length),
      seconds(sum),
      slowest === undefined ? "" : `${escapeHtml(slowest.host)} ${seconds(slowest.to - slowest.from)}`,
      seconds(Math.max(...own.map(({ to }) => to)) - Math.min(...own.map(({ from }) => from))),
    ];
  });
  return table(["step", "hosts", "seconds in all", "slowest", "from first to last"], rows);
}

function renderHosts({ hosts, bars, trips, scripts }: Timeline): string {
  const rows = hosts.map((host) => {
    const own = bars.filter((bar) => bar.host === host);
    const ran = scripts.filter((script) => script.host === host);
    const sum = own.reduce((total, { from, to }) => total + to - from, 0);
    const inScripts = ran.reduce((total, script) => total + script.seconds, 0);
    const sent = ran.reduce((total, { bytes }) => total + bytes, 0);
    return [
      escapeHtml(host),
      String(own.length),
      seconds(sum),
      String(trips[host] ?? ran.length),
      inScripts.toFixed(1),
      (sent / 1e6).toFixed(1),
    ];
  });
  return table(["host", "steps", "seconds of steps", "round trips", "seconds of scripts", "MB sent"], rows);
}

function renderSteps({ bars }: Timeline, ids: ReadonlyMap<string, string>): string {
  const rows = bars.map((bar) => [
    `<span id="${ids.get(bar.key)}">${escapeHtml(bar.host)}</span>`,
    escapeHtml(bar.title),
    seconds(bar.readyAt),
    seconds(bar.from),
    seconds(bar.to - bar.from),
    String(bar.changes),
    bar.end === "done" ? "done" : `<span class="bad">${bar.end}</span>`,
    link(bar.waitedFor, ids),
  ]);
  return table(["host", "step", "ready at", "began at", "seconds", "changes", "end", "waited for last"], rows);
}

function renderErrors({ errors }: Timeline): string {
  if (errors.length === 0) return "";
  const entries = errors.map(({ place, error }) => {
    const { message, hint, script } = { hint: undefined, script: undefined, ...error };
    const said =
      script === undefined
        ? ""
        : `<details><summary>all that “${escapeHtml(script.label)}” wrote on stderr (exit code ${script.exitCode})</summary><pre>${escapeHtml(script.stderr)}</pre></details>`;
    return `<section class="error"><b>${escapeHtml(place)}</b> <code>${escapeHtml(error.code)}</code><pre>${escapeHtml(message)}</pre>${hint === undefined ? "" : `<p>hint: ${escapeHtml(hint)}</p>`}${said}</section>`;
  });
  return `<h2>Errors</h2>\n${entries.join("\n")}`;
}
