import { readFile } from "node:fs/promises";
import { supportedMinors } from "../kubernetes/versions.ts";

/** `kboot version` */
export async function version(): Promise<void> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const { version: own } = JSON.parse(text) as { version: string };
  process.stdout.write(`kboot ${own}\nKubernetes ${supportedMinors.join(", ")}\nNode ${process.versions.node}\n`);
}
