import type { EngineEvent } from "../engine/events.ts";

const pauseMs = 500;

/** Hands on every event, but of a transfer's progress at most two a second, and always the last. */
export function thinBytes(listener: (event: EngineEvent) => void): (event: EngineEvent) => void {
  const told = new Map<string, number>();
  return (event) => {
    if (event.type === "step-bytes") {
      const key = `${event.host}/${event.step}`;
      if (event.sent < event.total && event.at - (told.get(key) ?? 0) < pauseMs) return;
      told.set(key, event.at);
    }
    listener(event);
  };
}
