import { setTimeout as sleep } from "node:timers/promises";
import { chooseListeners } from "../../../src/ui/index.ts";
import { story } from "./story.ts";

/** Plays the story to whoever listens on this process' stdout. An argument is the file for its log. */
const ui = await chooseListeners({ output: "text", next: undefined, log: process.argv[2], report: process.argv[3] });
for (const event of story) {
  for (const listen of ui.listeners) listen(event);
  await sleep(150); // a live display draws ten times a second
}
await ui.close(new Error("the end"));
