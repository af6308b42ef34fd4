/** How far a transfer is, and how it goes on. */
export interface Progress {
  readonly sent: number;
  readonly total: number;
  /** Bytes a second, smoothed; undefined until there is something to measure. */
  readonly rate: number | undefined;
  /** Undefined while the rate is, or nothing moves. */
  readonly secondsLeft: number | undefined;
}

/** After this many seconds a change of the rate counts for two thirds. */
const smoothingSeconds = 5;

/** Transfers smaller than this are over before anybody reads of them. */
export const longTransferBytes = 1_000_000;

/** Follows transfers by the moments (milliseconds) at which so much had been sent. Pure: it has no clock. */
export class Transfers {
  readonly #known = new Map<string, { at: number; sent: number; rate: number | undefined }>();

  /** `key` tells one transfer from another; one that begins again is a new one. */
  follow(key: string, at: number, sent: number, total: number): Progress {
    const before = this.#known.get(key);
    const isNew = before === undefined || sent < before.sent;
    const seconds = isNew ? 0 : (at - before.at) / 1000;
    let rate = isNew ? undefined : before.rate;
    if (!isNew && seconds > 0) {
      const now = (sent - before.sent) / seconds;
      const weight = 1 - Math.exp(-seconds / smoothingSeconds);
      rate = rate === undefined ? now : rate + (now - rate) * weight;
    }
    // several events of one moment are one measurement
    if (isNew || seconds > 0) this.#known.set(key, { at, sent, rate });
    return { sent, total, rate, secondsLeft: rate === undefined || rate <= 0 ? undefined : (total - sent) / rate };
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}

/** `120 of 340 MB, 8.2 MB/s, 27 s left`; what is not known is left out. */
export function printProgress({ sent, total, rate, secondsLeft }: Progress): string {
  const parts = [`${(sent / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB`];
  if (rate !== undefined && sent < total) {
    parts.push(`${(rate / 1e6).toFixed(1)} MB/s`);
    parts.push(secondsLeft === undefined ? "it does not move" : `${printSeconds(secondsLeft)} left`);
  }
  return parts.join(", ");
}

function printSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
