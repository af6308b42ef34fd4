import test from "ava";
import { renderTemplate } from "../../src/render/render.ts";
import { parseUnit } from "../../src/render/unit.ts";

test("values are not escaped", (t) => {
  t.regex(renderTemplate("Corefile", { dnsDomain: "a&b" }), /kubernetes a&b in-addr/);
});

test("a missing value is an error, not an empty text", (t) => {
  t.throws(() => renderTemplate("Corefile", {}), { message: /dnsDomain/ });
});

test("a unit is read with repeated keys and empty values", (t) => {
  const unit = parseUnit("[Unit]\n# a comment\n\n[Service]\nExecStart=\nExecStart=/bin/a --b=c\n");
  t.deepEqual(unit.get("Service"), [
    ["ExecStart", ""],
    ["ExecStart", "/bin/a --b=c"],
  ]);
});

test("refuses a line that systemd would ignore", (t) => {
  t.throws(() => parseUnit("[Unit]\nnonsense\n"), { message: /nonsense/ });
  t.throws(() => parseUnit("ExecStart=/bin/a\n"), { message: /ExecStart/ });
});
