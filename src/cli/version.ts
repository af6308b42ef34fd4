import { supportedMinors } from "../kubernetes/versions.ts";
import { readOwnFile } from "../own-files.ts";

/** `kboot version` */
export async function version(): Promise<void> {
  const { version: own } = JSON.parse(readOwnFile("package.json")) as { version: string };
  process.stdout.write(`kboot ${own}\nKubernetes ${supportedMinors.join(", ")}\nNode ${process.versions.node}\n`);
}
