import { KbootError } from "../errors.ts";

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Go writes it: `24h0m0s`, `90m`, `0` (time.ParseDuration). Throws KbootError `usage`. */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  const [, sign, parts] = /^([+-]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text) ?? [];
  if (parts === undefined) {
    throw new KbootError("usage", `${JSON.stringify(text)} is not a duration`, { hint: "write hours, minutes and seconds: 24h, 1h30m, 0" });
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
