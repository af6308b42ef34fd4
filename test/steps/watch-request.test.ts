import test from "ava";
import type { ActionContext, Api } from "../../src/engine/contracts.ts";
import { KbootError } from "../../src/errors.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { requestCertificate } from "../../src/pki/issue.ts";
import { tellOpenRequest, unsignedRequest } from "../../src/steps/watch-request.ts";

const script = { label: "join the node", exitCode: 75, stderr: "no certificate after 120 s" };

interface Request {
  readonly node: string;
  readonly at: string;
  readonly approved?: boolean;
  readonly certificate?: string;
}

/** As the API shows it. */
async function requestOf({ node, at, approved = true, certificate }: Request) {
  const wish = { commonName: `system:node:${node}`, organizations: ["system:nodes"], dnsNames: [], ipAddresses: [] };
  const { requestPem } = await requestCertificate(wish, "ECDSA-P256");
  return {
    metadata: { name: `csr-${node}-${at.slice(-3, -1)}`, creationTimestamp: at },
    spec: { signerName: "kubernetes.io/kube-apiserver-client-kubelet", request: Buffer.from(requestPem).toString("base64") },
    status: { ...(certificate !== undefined && { certificate }), conditions: approved ? [{ type: "Approved" }] : [] },
  };
}

async function contextOf(requests: readonly Request[] | Error) {
  const said: string[] = [];
  const found = requests instanceof Error ? [] : await Promise.all(requests.map(requestOf));
  const list = async () => {
    if (requests instanceof Error) throw requests;
    return found;
  };
  const api = async () => ({ list }) as unknown as Api;
  const say = (text: string) => said.push(text);
  return { said, context: { signal: new AbortController().signal, api, say } as unknown as ActionContext<Live> };
}

const at = (second: string) => `2026-11-24T12:00:${second}Z`;

test("a join that waits in vain names the request that is not signed, of this node and the newest", async (t) => {
  const { context } = await contextOf([
    { node: "w1", at: at("01"), certificate: "signed before" },
    { node: "w1", at: at("03") },
    { node: "w11", at: at("05") },
    { node: "w1", at: at("02"), approved: false },
  ]);
  const error = await unsignedRequest(context, "w1", script);
  t.is(error?.code, "request-unsigned");
  t.is(error?.message, "the node did not join: its CertificateSigningRequest csr-w1-03 is approved, and no signer has signed it");
  t.regex(error?.hint ?? "", /^run the same command again.*signed by your own signer$/);
});

test("a request that is not approved is told as that; one that is signed, or a cluster that does not tell, gives no reason", async (t) => {
  const open = await contextOf([{ node: "w1", at: at("01"), approved: false }]);
  const error = await unsignedRequest(open.context, "w1", script);
  t.regex(error?.message ?? "", / csr-w1-01 is not approved$/);
  t.regex(error?.hint ?? "", /`kubectl certificate approve`/);
  const signed = await contextOf([{ node: "w1", at: at("01"), certificate: "x" }]);
  t.is(await unsignedRequest(signed.context, "w1", script), undefined);
  t.is(await unsignedRequest((await contextOf([])).context, "w1", script), undefined);
  t.is(await unsignedRequest((await contextOf(new KbootError("api", "no"))).context, "w1", script), undefined);
});

test("what is waited for is said while the join runs, and ends with it", async (t) => {
  const { context, said } = await contextOf([{ node: "w1", at: at("01") }]);
  const began = Date.now();
  await tellOpenRequest(context, "w1", AbortSignal.timeout(5500));
  t.true(Date.now() - began < 7000);
  t.deepEqual(said, [
    "waiting for the kubelet's certificate: its CertificateSigningRequest csr-w1-01 is approved, and no signer has signed it",
  ]);
});
