#!/usr/bin/env node
import "./hide-arguments.ts";
import { Command, CommanderError, Option } from "commander";
import type { Load } from "./cli/define.ts";
import { defineCerts, defineKubeconfigUser } from "./cli/define-certs.ts";
import { defineCompletion } from "./cli/define-completion.ts";
import { defineConfig } from "./cli/define-config.ts";
import { defineMachine } from "./cli/define-machine.ts";
import { defineToken } from "./cli/define-token.ts";
import { asSystemError, KbootError } from "./errors.ts";
import { withoutSecrets } from "./secret.ts";

const abort = new AbortController();
let exitCode = 0;

function watchProcess(): void {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) leave(130);
      process.stderr.write("\nstopping: nothing new starts; what runs on a host goes on there to its end. Once more leaves at once.\n");
      abort.abort(new KbootError("cancelled", "stopped", { hint: "the next run goes on from here" }));
    });
  }
  process.on("uncaughtException", (error) => void report(error).finally(() => leave(70)));
  // A reader that has gone (`kboot apply | head`) must not end a change in its middle.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** The only way out. A live display may have hidden the cursor. */
function leave(exitCode: number): never {
  if (process.stdout.isTTY) process.stdout.write("\x1b[?25h");
  process.exit(exitCode);
}

function define(parent: Command, name: string, description: string, example: string, load: Load): Command {
  const path = [...pathOf(parent), name].join(" ");
  return (
    parent
      .command(name)
      .description(description)
      // an option that a command and one below it both have is that of the one it stands behind
      .enablePositionalOptions()
      .addHelpText("after", `\nExample:\n  ${example}`)
      .showHelpAfterError(`hint: kboot ${path} --help`)
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        const result = await (await load())(command.opts(), abort.signal, command.args);
        if (typeof result === "number") exitCode = result;
      })
  );
}

/** The words after `kboot` that name a command. */
function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

function withInventory(command: Command): Command {
  return command.option("-f, --file <inventory>", "the inventory (default: kboot.yaml in the current folder)");
}

function withReport(command: Command): Command {
  return command.option("--report <file.html>", "write a page with the timeline of every host and step");
}

function withOutput(command: Command, description: string): Command {
  return command.addOption(new Option("--output <form>", description).choices(["text", "json"]).default("text"));
}

function withSelection(command: Command, output = "text for people, or one event a line"): Command {
  withInventory(command)
    .option("--only <step...>", "these steps only")
    .option("--skip <step...>", "all but these steps")
    .option("--limit <host...>", "these hosts only; what is done over the API counts as host cluster");
  return withOutput(command, output);
}

function withControlPlane(command: Command): Command {
  return command
    .requiredOption("--host <address>", "of a control plane, as SSH connects to it")
    .option("--user <name>", "to log in as (default: root)")
    .option("--port <number>", "of SSH (default: 22)")
    .option("--identity-file <path>", "a private key (default: the agent and the usual files)")
    .option("--known-hosts-file <path>", "where the keys of hosts are (default: ~/.ssh/known_hosts)")
    .option("--output <file>", "where to put the inventory", "kboot.yaml");
}

function defineBundle(program: Command): void {
  const bundle = program.command("bundle").description("work with bundles: directories of everything a cluster needs");
  define(
    bundle,
    "create",
    "make a bundle from what the projects publish; what is on this machine already is not fetched again",
    "kboot bundle create --version 1.36.3 --output bundle",
    async () => (await import("./cli/bundle.ts")).createBundle,
  )
    .requiredOption("--version <version>", "the version of Kubernetes")
    .requiredOption("--output <directory>", "where to put it; a bundle that is there is replaced")
    .option("--architecture <name...>", "architectures of the hosts: amd64, arm64", ["amd64"])
    .addOption(new Option("--network <plugin>", "whose images to put in").choices(["weave-net", "flannel", "none"]).default("weave-net"))
    .option("--image <name...>", "full names of more images, with tag", [])
    .option("--upstream <url>", "a server that has dl.k8s.io, github.com and the registries (below v2) as folders");
}

function defineCommands(): Command {
  const program = new Command("kboot")
    .description("Kubernetes on plain machines over SSH: kubeadm with an inventory")
    .showHelpAfterError("hint: kboot --help")
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(withoutSecrets(text.replace(/^error: /, ""))) })
    .exitOverride();
  withReport(
    withSelection(
      define(
        program,
        "apply",
        "bring hosts and cluster to what the inventory says, or do what a saved plan says",
        "kboot apply -f inventory/lab.yaml",
        async () => (await import("./cli/apply.ts")).apply,
      ),
    ),
  )
    .argument("[plan]", "a file of kboot plan --save: exactly that is done, or nothing when the hosts have changed since")
    .option("--dry-run", "plan only, change nothing");
  withReport(
    withSelection(
      define(
        program,
        "plan",
        "show what apply would change; writes nothing",
        "kboot plan -f inventory/lab.yaml --limit worker1",
        async () => (await import("./cli/apply.ts")).plan,
      ),
    ),
  ).option("--save <file>", "write the plan there, for kboot apply FILE");
  withSelection(
    define(
      program,
      "drift",
      "one line for each difference from the inventory, for cron; writes nothing; exit code 2 when there is one",
      "kboot drift -f inventory/lab.yaml",
      async () => (await import("./cli/drift.ts")).drift,
    ),
    "text for people, or one JSON document",
  );
  withOutput(
    withInventory(
      define(
        program,
        "reset",
        "bring hosts back to what they were before kboot",
        "kboot reset -f inventory/lab.yaml --limit worker1",
        async () => (await import("./cli/reset.ts")).reset,
      ),
    ),
    "text for people, or one event a line",
  )
    .option("--limit <host...>", "these hosts only; each leaves the cluster first")
    .option("--cert-dir <path>", "where certificates are: what kboot made is removed there, and nothing elsewhere")
    .option("--cri-socket <path>", "where the container runtime listens: containerd's own socket is the one there is")
    .option("--yes", "do not ask for the cluster's name")
    .option("--keep-binaries", "keep binaries, packages and images for a next cluster")
    .option("--dry-run", "plan only, change nothing");
  const kubeconfig = withInventory(
    define(
      program,
      "kubeconfig",
      "print an administrator's kubeconfig, or merge it into your own",
      "kboot kubeconfig -f inventory/lab.yaml --merge",
      async () => (await import("./cli/kubeconfig.ts")).kubeconfig,
    ),
  )
    .option("--merge", "write it into ~/.kube/config (or the file that KUBECONFIG names) as a context named after the inventory")
    .option("--kubeconfig-file <path>", "with --merge: into this file")
    .option("--use", "with --merge: make it the current context");
  defineKubeconfigUser(kubeconfig, define);
  withOutput(
    withInventory(
      define(
        program,
        "status",
        "show how every part of the cluster is, and when certificates expire",
        "kboot status -f inventory/lab.yaml",
        async () => (await import("./cli/status.ts")).status,
      ),
    ),
    "text for people, or one JSON document",
  );
  const inventory = program.command("inventory").description("work with the inventory itself");
  withInventory(
    define(
      inventory,
      "validate",
      "check an inventory without connecting anywhere",
      "kboot inventory validate -f inventory/lab.yaml",
      async () => (await import("./cli/validate.ts")).validate,
    ),
  );
  defineMachine(program, define);
  withControlPlane(
    define(
      inventory,
      "recover",
      "write the inventory that a cluster keeps of itself, by one of its control planes",
      "kboot inventory recover --host 192.168.56.11 --user admin --output lab.yaml",
      async () => (await import("./cli/adopt.ts")).recover,
    ),
  );
  withControlPlane(
    define(
      program,
      "adopt",
      "write an inventory of a cluster that kubeadm made, by one of its control planes; changes nothing there",
      "kboot adopt --host 192.168.56.11 --user admin --output lab.yaml",
      async () => (await import("./cli/adopt.ts")).adopt,
    ),
  ).option("--name <name>", "what the cluster shall be called", "kubernetes");
  defineBundle(program);
  defineToken(program, define);
  defineCerts(program, define);
  defineConfig(program, define);
  define(
    program.command("events").description("work with what runs tell programs"),
    "schema",
    "print the JSON Schema of the events that --output json and logs hold, one a line",
    "kboot events schema > events.schema.json",
    async () => (await import("./cli/events-schema.ts")).eventsSchema,
  );
  define(
    program,
    "report",
    "make a page with the timeline of every host and step from the log of a run",
    "kboot report .kboot/logs/RUN.jsonl --output report.html",
    async () => (await import("./cli/report.ts")).report,
  )
    .argument("<log>", "a log of a run")
    .requiredOption("--output <file.html>", "where to put it");
  define(
    program,
    "explain",
    "tell what an error's code means, its likely causes and what to do next; without a code, list them all",
    "kboot explain disk-full",
    async () => (await import("./cli/explain.ts")).explain,
  )
    .argument("[code]", "the code of an error, or an exit code")
    .option("--markdown", "all of them as the page docs/errors.md");
  define(
    inventory,
    "schema",
    "print the JSON Schema of inventories, by which editors complete and check",
    "kboot inventory schema > kboot.schema.json",
    async () => (await import("./cli/schema.ts")).schema,
  );
  define(
    program,
    "version",
    "print the versions of kboot and Node, and the Kubernetes versions it knows",
    "kboot version",
    async () => (await import("./cli/version.ts")).version,
  );
  defineCompletion(program, define);
  return program;
}

/** An error that says no more than that something was cut short: ours, or that of a wait of Node's own. */
function isCancellation(error: unknown): boolean {
  return error instanceof KbootError ? error.code === "cancelled" : error instanceof Error && error.name === "AbortError";
}

/** Whether the command line asks for JSON, also where it is wrong. */
function wantsJson(words: readonly string[]): boolean {
  return words.some((word, index) => word === "--output=json" || (word === "--output" && words[index + 1] === "json"));
}

/** Tells an error, to programs too if they asked for JSON, and returns the exit code that follows from it. */
async function report(error: unknown): Promise<number> {
  // the parser of the command line has told people itself, and help is no error
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const cause =
    error instanceof CommanderError
      ? fromParser(error)
      : abort.signal.aborted && isCancellation(error) && (error as Error).cause !== abort.signal.reason
        ? abort.signal.reason
        : asSystemError(error);
  if (!(error instanceof CommanderError)) {
    const { printError } = await import("./ui/print-error.ts");
    process.stderr.write(`${printError(cause)}\n`);
  }
  if (wantsJson(process.argv)) {
    const { toJsonLine } = await import("./ui/json-events.ts");
    process.stdout.write(toJsonLine({ at: Date.now(), type: "error", error: cause }));
  }
  return cause instanceof KbootError ? cause.exitCode : 70;
}

function fromParser({ message }: CommanderError): KbootError {
  return new KbootError("usage", withoutSecrets(message.replace(/^error: /, "")), { hint: "kboot --help" });
}

async function main(): Promise<never> {
  watchProcess();
  await defineCommands()
    .parseAsync()
    .catch(async (error: unknown) => {
      exitCode = await report(error);
    });
  // Idle connections must not keep the process; what is written is flushed first.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))));
  leave(exitCode);
}

// no await out here: the single executable is CommonJS
void main();
