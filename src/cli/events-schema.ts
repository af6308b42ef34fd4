import { buildEventSchema } from "../ui/event-schema.ts";

/** `kboot events schema` */
export async function eventsSchema(): Promise<void> {
  process.stdout.write(`${JSON.stringify(buildEventSchema(), undefined, 2)}\n`);
}
