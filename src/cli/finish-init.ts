import type { Api } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import {
  type BootstrapToken,
  type BootstrapTokenOptions,
  bootstrapTokenText,
  generateBootstrapToken,
  readBootstrapToken,
} from "../kubernetes/bootstrap-token.ts";
import { joinCommand } from "../kubernetes/join-command.ts";
import { printInitMessage } from "../machine/init-message.ts";
import { keptToken } from "../machine/kept-token.ts";
import type { Phases } from "../machine/phases.ts";
import { toJsonLine } from "../ui/json-events.ts";
import { putToken, readJoinTarget } from "./token.ts";

export interface FinishOptions {
  readonly phases: Pick<Phases, "token" | "message">;
  /** The token that was named by flag or file. */
  readonly asked: BootstrapToken | undefined;
  readonly wish: Required<BootstrapTokenOptions>;
  readonly output: "text" | "json";
  readonly skipTokenPrint: boolean;
  /** True where the pod network is left to the user. */
  readonly needsNetwork: boolean;
  /** True where `show-join-command` is all that was asked for. */
  readonly showsAlone: boolean;
}

/**
 * Ends `kboot init`: sees to it that there is a token, and gives the text for stdout. The token of an earlier init is kept while it is good for
 * long enough. Throws KbootError `usage` where the line alone is asked for, and there is no token for it.
 */
export async function finishInit(api: Api, options: FinishOptions, signal: AbortSignal): Promise<string> {
  const { phases, asked, wish, output, skipTokenPrint, needsNetwork, showsAlone } = options;
  const secrets = await api.list("v1", "Secret", { namespace: "kube-system" }, signal);
  const known = secrets.flatMap((secret) => readBootstrapToken(secret) ?? []);
  const kept = keptToken(known, { asked, wish, now: new Date() });
  const made = kept === undefined && phases.token ? (asked ?? generateBootstrapToken()) : undefined;
  if (made !== undefined) await putToken(api, made, wish, signal);
  const token = kept ?? made;
  if (token === undefined && showsAlone) {
    throw new KbootError("usage", "there is no token of kboot init's that is good for long enough to print a line with", {
      hint: "make one and print its line: kboot token create --print-join-command",
    });
  }
  const text = token && bootstrapTokenText(token).reveal();
  const show = (line: string) => (skipTokenPrint && text !== undefined ? line.replace(text, "<value withheld>") : line);
  if (!phases.message && output === "text") return text === undefined ? "" : `[bootstrap-token] Using token: ${show(text)}\n`;
  const join = token && show(joinCommand("kboot", token, await readJoinTarget(api, signal)).reveal());
  if (output === "text") return printInitMessage({ join, needsNetwork });
  return join === undefined ? "" : toJsonLine({ at: Date.now(), type: "join-command", command: join });
}
