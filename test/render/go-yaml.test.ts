import test from "ava";
import { writeYaml } from "../../src/render/go-yaml.ts";

test("keys are sorted, lists are not indented, and words of YAML 1.1 are quoted", (t) => {
  t.is(
    writeYaml({ b: [{ name: "v", value: "on" }], a: true, c: { z: null, w: "no", u: "0s" } }),
    `a: true
b:
- name: v
  value: "on"
c:
  u: 0s
  w: "no"
  z: null
`,
  );
});
