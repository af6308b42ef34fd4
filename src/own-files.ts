import { readFileSync } from "node:fs";
import { getAsset, isSea } from "node:sea";

/** Text of a file that belongs to kboot, by its path in the package: `templates/kubelet.service.hbs`. In the single executable it is inside. */
export function readOwnFile(path: string): string {
  return isSea() ? getAsset(path, "utf8") : readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
}
