import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

/** Writes `Packages`, by which apt knows a repository that is a folder, for one package in it. */
export async function writeAptIndex(folder: string, name: string): Promise<void> {
  const bytes = await readFile(join(folder, name));
  const { stdout: control } = await execa("dpkg-deb", ["--field", join(folder, name)]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(folder, "Packages"), `${control}\nFilename: ./${name}\nSize: ${bytes.length}\nSHA256: ${sha256}\n\n`);
}
