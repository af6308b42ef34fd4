import { execFileSync } from "node:child_process";
import test from "ava";
import fc from "fast-check";
import { quote } from "../../src/host/quote.ts";

const words = fc.array(
  fc
    .oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("'", '"', "\\", "$", "`", "\n", " ", "!", "*", "~", "-", "#") }),
    )
    .filter((text) => !text.includes("\0")),
  { minLength: 1, maxLength: 20 },
);

for (const shell of [["dash"], ["busybox", "sh"]]) {
  test(`${shell.join(" ")} reads back exactly what was quoted`, (t) => {
    const [command = "", ...args] = shell;
    const property = fc.property(words, (texts) => {
      const script = `printf '%s\\0' ${texts.map(quote).join(" ")}`;
      const printed = execFileSync(command, [...args, "-c", script]).toString();
      return printed === texts.map((text) => `${text}\0`).join("");
    });
    t.notThrows(() => fc.assert(property, { numRuns: 60 }));
  });
}
