import { setTimeout as sleep } from "node:timers/promises";
import type { ActionContext } from "../engine/contracts.ts";
import { type FailedScript, KbootError } from "../errors.ts";
import type { Live } from "../kubernetes/live.ts";
import { findOpenRequest, type OpenRequest } from "../kubernetes/open-request.ts";

/** A signer of the cluster's own signs in less. */
const patienceMs = 5000;

/** While the kubelet of a node waits for its certificate, says which request is neither approved nor signed. Ends with `ended`. */
export async function tellOpenRequest(context: ActionContext<Live>, nodeName: string, ended: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([context.signal, ended]);
  while (!signal.aborted) {
    await sleep(patienceMs, undefined, { signal }).catch(() => undefined);
    const request = signal.aborted ? undefined : await lookForRequest(context, nodeName, signal);
    if (request !== undefined) context.say(`waiting for the kubelet's certificate: ${standing(request)}`);
  }
}

/** The error of a join that has failed with its request still open; undefined when it failed for another reason. */
export async function unsignedRequest(
  context: ActionContext<Live>,
  nodeName: string,
  script: FailedScript,
): Promise<KbootError | undefined> {
  const request = await lookForRequest(context, nodeName, context.signal);
  if (request === undefined) return undefined;
  const approve = request.isApproved ? "" : "`kubectl certificate approve`, and ";
  return new KbootError("request-unsigned", `the node did not join: ${standing(request)}`, {
    hint: `run the same command again: it asks with a new request. While it waits for that, ${approve}where the key of the cluster's CA is elsewhere, have it signed by your own signer`,
    script,
  });
}

function standing({ name, isApproved }: OpenRequest): string {
  return `its CertificateSigningRequest ${name} is ${isApproved ? "approved, and no signer has signed it" : "not approved"}`;
}

/** A cluster that does not tell gives no reason. */
function lookForRequest({ api }: ActionContext<Live>, nodeName: string, signal: AbortSignal): Promise<OpenRequest | undefined> {
  return api()
    .then((client) => findOpenRequest(client, nodeName, signal))
    .catch(() => undefined);
}
