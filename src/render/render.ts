import Handlebars from "handlebars";
import { readOwnFile } from "../own-files.ts";
import { parseUnit } from "./unit.ts";

type Values = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** Compiled once: most are rendered for each host. */
const compiled = new Map<string, (values: Values) => string>();

function compile(name: string): (values: Values) => string {
  const template = Handlebars.compile<Values>(readOwnFile(`templates/${name}.hbs`), { strict: true, noEscape: true });
  compiled.set(name, template);
  return template;
}

/**
 * The text of `templates/NAME.hbs` with these values. A value that the template names and that is missing throws, since it is a bug.
 */
export function renderTemplate(name: string, values: Values): string {
  const template = compiled.get(name) ?? compile(name);
  try {
    return template(values);
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
