import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The folder of everything built, outside of the repository: `components/` of $KBOOT_CACHE or of ~/.cache/kboot. */
export function cacheFolder(): string {
  const { KBOOT_CACHE } = process.env;
  return join(KBOOT_CACHE || join(homedir(), ".cache", "kboot"), "components");
}

/** A short hash of `value`, the same for equal values whatever the order of their keys. */
export function cacheKey(value: unknown): string {
  const ordered = (_key: string, part: unknown): unknown =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return createHash("sha256").update(JSON.stringify(value, ordered)).digest("hex").slice(0, 16);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Takes the lock file, waiting for a living owner; that of a dead one is taken over. Returns what gives it back. */
async function lock(path: string): Promise<() => Promise<void>> {
  const own = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
  await writeFile(own, String(process.pid));
  try {
    for (;;) {
      try {
        await link(own, path); // a lock that is there has its owner's id in it, at every moment
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = await readFile(path, "utf8").catch(() => undefined);
      if (owner !== undefined && !isRunning(Number(owner))) await rm(path, { force: true });
      else await sleep(200);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes what runs that were killed have left: half-made folders, named `.partial-<pid>-...`. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^\.partial-(\d+)-/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * The folder `<cache>/<name>-<key>`, filled by `make` unless it exists. `make` fills a folder of another name, which gets its
 * own when all is done: a failed or killed run leaves nothing that looks finished. Two processes do not make the same twice.
 */
export async function cached(name: string, key: string, make: (folder: string) => Promise<void>): Promise<string> {
  const root = cacheFolder();
  const target = join(root, `${name}-${key}`);
  if (existsSync(target)) return target;
  await mkdir(root, { recursive: true });
  const unlock = await lock(join(root, `.${name}-${key}.lock`));
  const partial = join(root, `.partial-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    if (existsSync(target)) return target;
    await removeLeftovers(root);
    await mkdir(partial);
    await make(partial);
    await rename(partial, target);
    return target;
  } finally {
    await rm(partial, { recursive: true, force: true });
    await unlock();
  }
}
