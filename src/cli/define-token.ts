import { type Command, Option } from "commander";
import type { Define } from "./define.ts";

function withApi(command: Command): Command {
  return command
    .option("-f, --file <inventory>", "find the cluster by an inventory, over SSH")
    .option("--kubeconfig <path>", "without an inventory: find it by this kubeconfig", "/etc/kubernetes/admin.conf");
}

/** `kboot token`, as `kubeadm token` has it. */
export function defineToken(program: Command, define: Define): void {
  const token = program.command("token").description("work with bootstrap tokens, as kubeadm does");
  withApi(
    define(
      token,
      "create",
      "make a token by which machines join",
      "kboot token create --print-join-command -f inventory/lab.yaml",
      async () => (await import("./token.ts")).createToken,
    ),
  )
    .argument("[token]", "the token itself; else one is made up")
    .option("--ttl <duration>", "how long it lives: 24h, 1h30m; 0 for ever", "24h0m0s")
    .option("--usages <use,...>", "what it is for", "signing,authentication")
    .option("--groups <group,...>", "groups of whoever logs in with it", "system:bootstrappers:kubeadm:default-node-token")
    .option("--description <text>", "what people shall know of it")
    .option("--print-join-command", "print the whole line that makes a machine a worker")
    .addOption(new Option("--for <program>", "the same line for this program").choices(["kboot", "kubeadm"]));
  withApi(
    define(
      token,
      "list",
      "show the tokens that the cluster knows",
      "kboot token list -f inventory/lab.yaml",
      async () => (await import("./token.ts")).listTokens,
    ),
  ).addOption(new Option("-o, --output <form>", "how to print them").choices(["text", "json", "yaml"]).default("text"));
  withApi(
    define(
      token,
      "delete",
      "make tokens unknown to the cluster",
      "kboot token delete abcdef -f inventory/lab.yaml",
      async () => (await import("./token.ts")).deleteTokens,
    ),
  ).argument("<token...>", "ids, or whole tokens");
  define(
    token,
    "generate",
    "make up a token and store it nowhere",
    "kboot token generate",
    async () => (await import("./token.ts")).generateToken,
  );
}
