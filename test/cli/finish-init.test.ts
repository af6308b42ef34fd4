import test from "ava";
import { stringify } from "yaml";
import { type FinishOptions, finishInit } from "../../src/cli/finish-init.ts";
import { readWish } from "../../src/cli/token.ts";
import type { Api, KubernetesObject } from "../../src/engine/contracts.ts";
import { KbootError } from "../../src/errors.ts";
import { bootstrapTokenSecret, parseBootstrapToken } from "../../src/kubernetes/bootstrap-token.ts";
import { Secret } from "../../src/secret.ts";
import { makeCertificates } from "../support/certificates.ts";

const group = "system:bootstrappers:kubeadm:default-node-token";
const wish = readWish({ ttl: "24h", usages: "signing,authentication", groups: group, description: "kboot init" }, new Date());
const mine = parseBootstrapToken(new Secret("aaaaaa.0123456789abcdef"));
const line = /^kboot join 192\.0\.2\.1:6443 --token ([a-z0-9]{6}\.[a-z0-9]{16}) --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$/m;
const { ca } = await makeCertificates();

/** An API with these Secrets, and what was applied to it. */
function apiWith(...secrets: readonly KubernetesObject[]) {
  const applied: KubernetesObject[] = [];
  const cluster = { server: "https://192.0.2.1:6443", "certificate-authority-data": Buffer.from(ca.certificate).toString("base64") };
  const info = { data: { kubeconfig: stringify({ clusters: [{ cluster }] }) } };
  const api = {
    list: async (_version: string, kind: string) => (kind === "Secret" ? [...secrets, ...applied] : []),
    get: async ({ metadata }: KubernetesObject) => (metadata.name === "cluster-info" ? info : undefined),
    apply: async (object: KubernetesObject) => void applied.push(object),
  } as unknown as Api;
  return { api, applied };
}

function finish(api: Api, over: Partial<FinishOptions> = {}) {
  const usual = { phases: { token: true, message: true }, asked: undefined, wish, output: "text", skipTokenPrint: false } as const;
  return finishInit(api, { ...usual, needsNetwork: false, showsAlone: false, ...over }, new AbortController().signal);
}

test("the first init makes a token, the next one prints the same and makes none", async (t) => {
  const { api, applied } = apiWith();
  const [, token] = line.exec(await finish(api)) ?? [];
  t.not(token, undefined);
  t.is(applied.length, 1);
  t.is(line.exec(await finish(api))?.[1], token);
  t.is(applied.length, 1);
});

test("phase bootstrap-token shows its token as kubeadm does, or that it is withheld", async (t) => {
  const phases = { token: true, message: false };
  t.is(await finish(apiWith().api, { phases, asked: mine }), "[bootstrap-token] Using token: aaaaaa.0123456789abcdef\n");
  t.is(await finish(apiWith().api, { phases, skipTokenPrint: true }), "[bootstrap-token] Using token: <value withheld>\n");
});

test("phase show-join-command prints the line of a token that is there, and says so where none is", async (t) => {
  const alone = { phases: { token: false, message: true }, showsAlone: true };
  t.is(line.exec(await finish(apiWith(bootstrapTokenSecret(mine, wish)).api, alone))?.[1], "aaaaaa.0123456789abcdef");
  const { api, applied } = apiWith();
  const error = await t.throwsAsync(finish(api, alone), { instanceOf: KbootError, code: "usage" });
  t.regex((error as KbootError).hint ?? "", /kboot token create --print-join-command/);
  t.deepEqual(applied, []);
});

test("without the phase bootstrap-token, an init prints no line where there is no token", async (t) => {
  const text = await finish(apiWith().api, { phases: { token: false, message: true } });
  t.regex(text, /The control plane runs/);
  t.notRegex(text, /kboot join/);
});

test("programs read the line as an event, with the token or without", async (t) => {
  const event = JSON.parse(await finish(apiWith().api, { output: "json", asked: mine })) as { type: string; command: string };
  t.is(event.type, "join-command");
  t.is(line.exec(event.command)?.[1], "aaaaaa.0123456789abcdef");
  const withheld = await finish(apiWith().api, { output: "json", asked: mine, skipTokenPrint: true });
  t.regex(withheld, /--token <value withheld> /);
  t.false(withheld.includes("0123456789abcdef"));
});
