import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Recipe } from "./components.ts";
import { run } from "./run.ts";

type GoRecipe = Extract<Recipe, { kind: "go" }>;
type KubernetesRecipe = Extract<Recipe, { kind: "kubernetes" }>;

/** The settings that decide the bytes, whatever those of the machine are. */
const goEnvironment = { GOFLAGS: "", GOWORK: "off", GOOS: "linux", GOARCH: "amd64", GOAMD64: "v1", GOTOOLCHAIN: "local", GOEXPERIMENT: "" };

/** The main package of the executable that is all of Kubernetes' programs. */
export const kubernetesMain = join(import.meta.dirname, "kubernetes-main.go");

/** The version of Go, part of what decides the bytes. Throws when there is none. */
export async function goVersion(): Promise<string> {
  try {
    return await run("go", ["version"], { env: goEnvironment });
  } catch (cause) {
    throw new Error("Kubernetes is built with Go: install Go 1.26 or newer", { cause });
  }
}

async function inModule<T>(goMod: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-go-"));
  try {
    await writeFile(join(folder, "go.mod"), goMod);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type LinkOptions = { readonly variables?: Readonly<Record<string, string>> | undefined; readonly cgo?: boolean | undefined };

function linkerFlags({ variables = {}, cgo = false }: LinkOptions): string {
  const assignments = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ["-s -w", ...assignments, ...(cgo ? ["-extldflags -static"] : [])].join(" ");
}

/** Builds the programs of a Go component into `folder`. */
export async function buildGoComponent(recipe: GoRecipe, folder: string): Promise<void> {
  const { programs, tags = [], variables, cgo = false } = recipe;
  const env = { ...goEnvironment, CGO_ENABLED: cgo ? "1" : "0" };
  // `go install package@version` refuses modules with replace lines; a module that has the programs as its tools does not.
  await inModule("module kboot.dev/component\n\ngo 1.26.0\n", async (cwd) => {
    await run("go", ["get", "-tool", ...programs.map((program) => `${program.package}@${program.version}`)], { cwd, env });
    const flags = ["-trimpath", "-buildvcs=false", "-tags", tags.join(","), "-ldflags", linkerFlags({ variables, cgo })];
    for (const program of programs) {
      await run("go", ["build", ...flags, "-o", join(folder, program.executable), program.package], { cwd, env });
    }
  });
}

/** Where the module k8s.io/kubernetes of `version` ("1.36.3") is on this machine, fetched if need be. */
export async function kubernetesModule(version: string): Promise<{ folder: string; goMod: string }> {
  const answer = await run("go", ["mod", "download", "-json", `k8s.io/kubernetes@v${version}`], { cwd: tmpdir(), env: goEnvironment });
  const { Dir, GoMod } = JSON.parse(answer) as { Dir: string; GoMod: string };
  return { folder: Dir, goMod: await readFile(GoMod, "utf8") };
}

/**
 * The go.mod of a module that needs `k8s.io/kubernetes`. Kubernetes takes its libraries from its own staging folder, by replace
 * lines that do not count for others: here the libraries it requires as v0.0.0 are replaced by those published for `version`.
 */
export function renderKubernetesGoMod(version: string, upstream: string): string {
  const libraryVersion = version.replace(/^1\./, "v0.");
  const libraries = [...upstream.matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0\s*$/gm)].map((match) => match[1]);
  const settings = upstream.split("\n").filter((line) => /^(go|godebug) \S+$/.test(line));
  return [
    "module kboot.dev/kubernetes",
    ...settings,
    `require k8s.io/kubernetes v${version}`,
    ...libraries.map((library) => `replace ${library} => ${library} ${libraryVersion}`),
    "",
  ].join("\n");
}

/** The linker variables by which Kubernetes' programs know their version, as hack/lib/version.sh sets them. */
export function kubernetesVariables(version: string): Record<string, string> {
  const [major = "", minor = ""] = version.split(".");
  const values = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  return Object.fromEntries(
    ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) =>
      Object.entries(values).map(([name, value]) => [`${path}.${name}`, value]),
    ),
  );
}

/** Builds all of Kubernetes' programs as one executable, `kubernetes`, and a link to it for each name it goes by. */
export async function buildKubernetes(recipe: KubernetesRecipe, folder: string): Promise<void> {
  const env = { ...goEnvironment, CGO_ENABLED: "0" };
  const upstream = await kubernetesModule(recipe.version);
  await inModule(renderKubernetesGoMod(recipe.version, upstream.goMod), async (cwd) => {
    await writeFile(join(cwd, "main.go"), await readFile(kubernetesMain));
    const flags = ["-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags", linkerFlags({ variables: kubernetesVariables(recipe.version) })];
    await run("go", ["build", ...flags, "-o", join(folder, "kubernetes"), "."], { cwd, env });
  });
  for (const program of recipe.programs) await symlink("kubernetes", join(folder, program));
}

/** Builds the program of the pause image from its source in Kubernetes' module. */
export async function buildPause(recipe: Extract<Recipe, { kind: "pause" }>, folder: string): Promise<void> {
  const { folder: module } = await kubernetesModule(recipe.kubernetes);
  const source = join("build", "pause", "linux", "pause.c");
  const flags = ["-Os", "-Wall", "-Werror", "-static", "-s", `-DVERSION=v${recipe.version}`];
  await run("gcc", [...flags, "-o", join(folder, "pause"), source], { cwd: module });
}
