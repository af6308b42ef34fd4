#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { KbootError } from "./errors.ts";

/** Loads a command's code only when it is called, so that help comes at once. */
type Run = (options: Record<string, unknown>, signal: AbortSignal) => Promise<void>;

const abort = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (abort.signal.aborted) process.exit(130);
    process.stderr.write("\nstopping: steps that run are finished, nothing new starts. Once more stops at once.\n");
    abort.abort(new KbootError("cancelled", "stopped; the next `kboot apply` goes on from here"));
  });
}

const program = new Command("kboot")
  .description("Kubernetes on plain machines over SSH: kubeadm with an inventory")
  .configureHelp({ showGlobalOptions: false })
  .exitOverride();

function define(parent: Command, name: string, description: string, example: string, load: () => Promise<Run>): Command {
  return parent
    .command(name)
    .description(description)
    .addHelpText("after", `\nExample:\n  ${example}`)
    .exitOverride()
    .action(async (_options: unknown, command: Command) => (await load())(command.opts(), abort.signal));
}

function withInventory(command: Command): Command {
  return command.option("-f, --file <inventory>", "the inventory", "kboot.yaml");
}

function withSelection(command: Command): Command {
  return withInventory(command)
    .option("--only <step...>", "these steps only")
    .option("--skip <step...>", "all but these steps")
    .option("--limit <host...>", "these hosts only")
    .option("--output <form>", "text, or json: one event a line", "text");
}

withSelection(
  define(
    program,
    "apply",
    "bring hosts and cluster to what the inventory says",
    "kboot apply -f inventory/lab.yaml",
    async () => (await import("./cli/apply.ts")).apply,
  ),
).option("--dry-run", "plan only, change nothing");
withSelection(
  define(
    program,
    "plan",
    "show what apply would change; writes nothing",
    "kboot plan -f inventory/lab.yaml --limit worker1",
    async () => (await import("./cli/apply.ts")).plan,
  ),
);
withInventory(
  define(
    program,
    "kubeconfig",
    "print an administrator's kubeconfig",
    "kboot kubeconfig -f inventory/lab.yaml > kubeconfig",
    async () => (await import("./cli/kubeconfig.ts")).kubeconfig,
  ),
);
withInventory(
  define(
    program,
    "status",
    "show nodes, addons and when certificates expire",
    "kboot status -f inventory/lab.yaml",
    async () => (await import("./cli/status.ts")).status,
  ),
).option("--output <form>", "text or json", "text");
const inventory = program.command("inventory").description("work with the inventory itself").exitOverride();
withInventory(
  define(
    inventory,
    "validate",
    "check an inventory without connecting anywhere",
    "kboot inventory validate -f inventory/lab.yaml",
    async () => (await import("./cli/validate.ts")).validate,
  ),
);
define(
  program,
  "version",
  "print kboot's version and the Kubernetes versions it knows",
  "kboot version",
  async () => (await import("./cli/version.ts")).version,
);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 64;
  } else {
    const { printError } = await import("./ui/print-error.ts");
    process.stderr.write(`${printError(error)}\n`);
    process.exitCode = error instanceof KbootError ? error.exitCode : 70;
  }
}
// idle connections must not keep the process; what is written is flushed first
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))));
process.exit();
