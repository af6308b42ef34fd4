import { z } from "zod";
import { inventorySchema } from "./schema.ts";

/**
 * The shape of an inventory as a JSON Schema: fields, types, words, ranges, and the patterns of judges. It refuses nothing that the program
 * accepts; rules between fields are the program's alone. Draft 7, which the YAML support of every editor reads.
 * `describe` says what a field means, by its name as users write it: `hosts[].taints[].key`.
 */
export function buildJsonSchema(describe: (field: string) => string | undefined): object {
  const schema = z.toJSONSchema(inventorySchema, {
    target: "draft-07",
    io: "input",
    override({ jsonSchema, path }) {
      const description = describe(fieldOf(path));
      if (description !== undefined) jsonSchema.description = description;
    },
  });
  return { title: "kboot inventory", ...schema };
}

/** `properties, spec, properties, hosts, items, properties, name` is the field `hosts[].name`. */
function fieldOf(path: readonly (string | number)[]): string {
  const parts: string[] = [];
  for (let at = 0; at < path.length; at++) {
    if (path[at] === "properties") parts.push(`.${path[++at]}`);
    else if (path[at] === "items") parts.push("[]");
    else if (path[at] === "anyOf") at++;
    else return "";
  }
  return parts.join("").replace(/^\.(spec\.)?/, "");
}
