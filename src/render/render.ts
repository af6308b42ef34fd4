import Handlebars from "handlebars";
import { readOwnFile } from "../own-files.ts";
import { parseUnit } from "./unit.ts";

type Values = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/**
 * The text of `templates/NAME.hbs` with these values. A value that the template names and that is missing throws, since it is a bug.
 */
export function renderTemplate(name: string, values: Values): string {
  const source = readOwnFile(`templates/${name}.hbs`);
  try {
    return Handlebars.compile<Values>(source, { strict: true, noEscape: true })(values);
  } catch (cause) {
    // what Handlebars throws is no Error
    throw new Error(`templates/${name}.hbs: ${(cause as { message: string }).message}`, { cause });
  }
}

/** A unit of systemd from a template, read back before use. */
export function renderUnit(name: string, values: Values): string {
  const text = renderTemplate(name, values);
  parseUnit(text);
  return text;
}
