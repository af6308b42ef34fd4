import { access, constants, lstat, mkdir, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** Where a file really is: links are followed, also one whose file is not there yet. */
export async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const link = await lstat(path).catch(() => undefined);
    return link?.isSymbolicLink() ? followLinks(resolve(dirname(path), await readlink(path))) : resolve(path);
  }
}

/**
 * Gives a file new content, as a whole or not at all: a reader sees the old or the new, and so does who comes after a crash.
 * `path` is no link. Folders that are missing are made. Without a mode only its owner can read it.
 */
export async function replaceFile(path: string, content: string, mode = 0o600): Promise<void> {
  await (await prepareFile(path, content, mode)).put();
}

/** New content beside the file whose it will be. */
export interface PreparedFile {
  /** Puts it in its place. */
  put(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

/** The first half of `replaceFile`, the one that a full disk stops. */
export async function prepareFile(path: string, content: string, mode: number): Promise<PreparedFile> {
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = join(folder, `.${basename(path)}.kboot-${process.pid}`);
  const discard = () => rm(temporary, { force: true });
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      const [before, own] = [await stat(path).catch(() => undefined), await file.stat()];
      // root may write into a user's folder
      if (before !== undefined && before.uid !== own.uid) await file.chown(before.uid, before.gid);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard();
    throw error;
  }
  const put = async () => {
    await rename(temporary, path).catch(async (error: unknown) => {
      await discard();
      throw error;
    });
    const entry = await open(folder);
    await entry.sync().finally(() => entry.close());
  };
  return { put, discard };
}

/** Throws when a file could not be put there, as far as that can be told without trying. */
export async function assertReplaceable(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    if (!isMissing(error) || folder === path) throw error;
    await assertReplaceable(folder);
  }
}

/** One by one: Node's own `recursive` does not end on file systems like /proc that make no folders (v24). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || (code === "EROFS" && (await isFolder(path)))) return;
    if (code !== "ENOENT" || dirname(path) === path || (await isFolder(dirname(path)))) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
