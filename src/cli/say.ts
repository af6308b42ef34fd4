/** Tells people a line beside the display of a run, and where programs read events, beside these. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
