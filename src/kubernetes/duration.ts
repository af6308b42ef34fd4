import { KbootError } from "../errors.ts";

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Go writes it: `24h0m0s`, `90m`, `0` (time.ParseDuration). Throws KbootError `usage`, which names `from` where one is given. */
export function parseDuration(text: string, from?: string): number {
  if (text === "0") return 0;
  const [, sign, parts] = /^([+-]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text) ?? [];
  if (parts === undefined) {
    throw new KbootError("usage", `${from === undefined ? "" : `${from}: `}${JSON.stringify(text)} is not a duration`, {
      hint: "write hours, minutes and seconds: 24h, 1h30m, 0",
    });
  }
  const sum = [...parts.matchAll(/(\d+(?:\.\d*)?)(\D+)/g)].reduce(
    (ms, [, number, unit = ""]) => ms + Number(number) * (unitMs[unit] ?? 0),
    0,
  );
  return sign === "-" ? -sum : sum;
}

/** A duration in its largest whole unit: `23h`, `5m`, `0s` when it is over (ShortHumanDuration of apimachinery). */
export function printShortDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 24) return `${hours}h`;
  if (hours < 24 * 365) return `${Math.trunc(hours / 24)}d`;
  return `${Math.trunc(hours / 24 / 365)}y`;
}

/** A duration as Go prints it: `8760h0m0s`, `1m30s`, `1.5s`, `250ms`, `0s` (time.Duration.String, from a millisecond upwards). */
export function printDuration(ms: number): string {
  const sign = ms < 0 ? "-" : "";
  const abs = Math.abs(ms);
  if (abs > 0 && abs < 1000) return `${sign}${abs}ms`;
  const minutes = Math.floor(abs / 60_000);
  const seconds = `${(abs % 60_000) / 1000}s`;
  if (minutes === 0) return `${sign}${seconds}`;
  return minutes < 60 ? `${sign}${minutes}m${seconds}` : `${sign}${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

/** A duration in one or two units, fewer the longer it is: `90s`, `5m30s`, `23h`, `364d`, `2y34d` (HumanDuration of apimachinery). */
export function printHumanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const days = Math.floor(hours / 24);
  const both = (large: number, unit: string, small: number, smallUnit: string) =>
    small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`;
  if (seconds < 2 * 60) return `${seconds}s`;
  if (minutes < 10) return both(minutes, "m", seconds % 60, "s");
  if (minutes < 3 * 60) return `${minutes}m`;
  if (hours < 8) return both(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (hours < 8 * 24) return both(days, "d", hours % 24, "h");
  if (days < 2 * 365) return `${days}d`;
  return days < 8 * 365 ? both(Math.floor(days / 365), "y", days % 365, "d") : `${Math.floor(days / 365)}y`;
}
