import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Every test file has a process of its own: whatever it and its children leave in the temporary folder goes when it ends.
const folder = mkdtempSync(join(tmpdir(), "kboot-tests-"));
process.env["TMPDIR"] = folder;
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
