import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ImplementationFn } from "ava";
import { Argument, Command, Option } from "commander";
import { execa } from "execa";
import { completeBash } from "../../../src/cli/completion/bash.ts";
import { completeFish } from "../../../src/cli/completion/fish.ts";
import { completedCommands } from "../../../src/cli/completion/tree.ts";
import { completeZsh } from "../../../src/cli/completion/zsh.ts";
import { kboot } from "../../support/kboot.ts";

/** A program with one of everything, and with what a shell could trip over in its descriptions. */
function sample(): Command {
  const program = new Command("tool").option("--loud", 'it\'s "$HOME" `id` \\ a: [b]');
  const certs = program.command("certs").description("what's below: it");
  certs
    .command("renew")
    .description("renew")
    .addArgument(new Argument("<name>").choices(["admin.conf", "all"]))
    .option("--cert-dir <path>", "where")
    .option("--host <name>", "which")
    .addOption(new Option("-o, --output <form>", "how").choices(["text", "json"]));
  certs.command("show").description("show").argument("<file>", "what");
  program.command("certainly").description("sure");
  return program;
}

const commands = completedCommands(sample());
const folder = mkdtempSync(join(tmpdir(), "kboot-completion-"));
writeFileSync(join(folder, "a-file"), "");

/** What stands on the command line, of which the last word is being written, and what is offered; `FILES` are those of the folder. */
const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["c"], ["certs", "certainly"]],
  [[""], ["certs", "certainly"]],
  [["--l"], ["--loud"]],
  [
    ["certs", ""],
    ["renew", "show"],
  ],
  [
    ["certs", "renew", ""],
    ["admin.conf", "all"],
  ],
  [["certs", "renew", "ad"], ["admin.conf"]],
  [
    ["certs", "renew", "--"],
    ["--cert-dir", "--help", "--host", "--output"],
  ],
  [
    ["certs", "renew", "--output", ""],
    ["text", "json"],
  ],
  [["certs", "renew", "-o", "j"], ["json"]],
  [["certs", "renew", "all", "--host", ""], []],
  [["certs", "renew", "--cert-dir", ""], ["FILES"]],
  [["--loud", "certs", "show", ""], ["FILES"]],
  [["certainly", ""], []],
];

const isThere = (shell: string) => {
  try {
    execFileSync(shell, ["-c", "true"]);
    return true;
  } catch {
    return false;
  }
};

function inShell(shell: string, title: string, body: ImplementationFn<[]>): void {
  if (isThere(shell)) test(`${shell}: ${title}`, body);
  else test.skip(`${shell}: ${title} (${shell} is not on this machine)`, body);
}

/** Runs the script's own function with the words of a command line, and gives what it offers. */
async function askBash(words: readonly string[]): Promise<readonly string[]> {
  const line = ["tool", ...words].map((word) => `'${word}'`).join(" ");
  const script = `${completeBash("tool", commands)}
compopt() { echo FILES; }
COMP_WORDS=(${line}); COMP_CWORD=${words.length}
_tool_complete
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return linesOf((await execa("bash", ["--norc", "-c", script])).stdout);
}

/** zsh's own helpers need a terminal, so these stand for them; they filter as zsh does. */
async function askZsh(words: readonly string[]): Promise<readonly string[]> {
  const line = ["tool", ...words].map((word) => `'${word}'`).join(" ");
  const script = `compdef() {}
offer() { for one in "$@"; do [[ $one == "$PREFIX"* ]] && print -r -- "$one"; done; true }
_describe() { [[ $1 == -o ]] && shift; shift; local each; for each in "\${(@P)1}"; do offer "\${each%%:*}"; done }
compadd() { [[ $1 == -- ]] && shift; offer "$@" }
_files() { print FILES }
${completeZsh("tool", commands)}
words=(${line}); CURRENT=${words.length + 1}; PREFIX='${words.at(-1)}'
_tool`;
  return linesOf((await execa("zsh", ["-f", "-c", script])).stdout);
}

async function askFish(words: readonly string[]): Promise<readonly string[]> {
  const script = `${completeFish("tool", commands)}\ncomplete -C "tool ${words.join(" ")}"`;
  const { stdout } = await execa("fish", ["--no-config", "-c", script], { cwd: folder, env: { HOME: folder } });
  return linesOf(stdout).map((line) => line.split("\t")[0] ?? "");
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

for (const [shell, ask] of Object.entries({ bash: askBash, zsh: askZsh, fish: askFish })) {
  inShell(shell, "commands, options and their values are offered where they belong", async (t) => {
    for (const [words, wanted] of cases) {
      const offered = (await ask(words)).map((word) => (word === "a-file" ? "FILES" : word));
      // fish offers each option by its short name as well
      t.deepEqual([...new Set(offered)].filter((word) => !/^-.$/.test(word)).sort(), [...wanted].sort(), words.join(" "));
    }
  });
}

inShell("bash", "a value after an equals sign is completed too", async (t) => {
  t.deepEqual(await askBash(["certs", "renew", "--output", "=", "j"]), ["json"]);
  t.deepEqual(await askBash(["certs", "renew", "--output", "="]), ["text", "json"]);
});

for (const [shell, words] of [
  ["bash", ["-n"]],
  ["zsh", ["-n"]],
  ["fish", ["--no-execute"]],
] as const) {
  inShell(shell, "the script of kboot itself is in order, and knows every command", async (t) => {
    const { stdout, exitCode } = await kboot("completion", shell);
    t.is(exitCode, 0);
    const file = join(mkdtempSync(join(tmpdir(), "kboot-completion-")), "script");
    writeFileSync(file, stdout);
    t.is((await execa(shell, [...words, file])).stderr, "");
    for (const word of ["check-expiration", "generate-csr", "init-defaults", "--print-join-command", "completion"]) {
      // fish names long options without dashes
      t.true(stdout.includes(word.replace(/^--/, "")), word);
    }
  });
}

test("another shell is refused", async (t) => {
  const { exitCode, stderr } = await kboot("completion", "powershell");
  t.is(exitCode, 64);
  t.regex(stderr, /Allowed choices are bash, zsh, fish/);
});
