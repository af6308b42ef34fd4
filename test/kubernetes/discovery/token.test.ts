import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { type ErrorCode, KbootError } from "../../../src/errors.ts";
import { openApi } from "../../../src/kubernetes/api.ts";
import { type BootstrapToken, bootstrapTokenText, generateBootstrapToken } from "../../../src/kubernetes/bootstrap-token.ts";
import { type DiscoverOptions, discoveredAccess, type TokenDiscovery } from "../../../src/kubernetes/discovery/discovered.ts";
import type { KeyAndCertificate } from "../../../src/pki/issue.ts";
import { publicKeyPin } from "../../../src/pki/read.ts";
import { Secret } from "../../../src/secret.ts";
import {
  type Answer,
  answerInfo,
  answerStatus,
  clusterName,
  failureOf,
  find,
  hasty,
  makeCertificate,
  makeParts,
  publishedKubeconfig,
  type Server,
  signal,
  startServer,
} from "./fake-cluster.ts";

const parts = await makeParts();
const pin = publicKeyPin(parts.ca.certificatePem);
const good = () => answerInfo(publishedKubeconfig(parts.ca.certificatePem), parts.token);

async function withServer(
  answer: (path: string, before: number) => Answer | Promise<Answer>,
  use: (server: Server) => Promise<unknown>,
  own?: KeyAndCertificate,
) {
  const server = await startServer(own ?? parts.server, answer);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

function by(endpoint: string, wish: Partial<TokenDiscovery> = {}): TokenDiscovery {
  return { kind: "token", endpoint, token: parts.token, caCertHashes: [pin], unsafeSkipCaVerification: false, ...wish };
}

const failure = (t: ExecutionContext, wish: TokenDiscovery, options: Partial<DiscoverOptions> = {}) =>
  failureOf(t, wish, wish.token.secret, options);

test("finds a cluster by address, token and hash, and asks it by its own name", async (t) => {
  await withServer(good, async ({ address, asked }) => {
    const found = await find(by(address));
    t.is(found.caCert, parts.ca.certificatePem);
    t.is(found.server, `https://${clusterName}:6443`);
    t.is(`${found.endpoint.host}:${found.endpoint.port}`, address);
    t.is("token" in found.credential ? found.credential.token.reveal() : "", bootstrapTokenText(parts.token).reveal());
    t.deepEqual(
      asked.map(({ authorization, serverName }) => [authorization, serverName]),
      [
        [undefined, undefined],
        [undefined, clusterName],
      ],
    );
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kubeadm-config", namespace: "kube-system" } };
    await openApi(discoveredAccess(found, signal)).get(configMap, signal);
    t.is(asked[2]?.authorization, `Bearer ${bootstrapTokenText(parts.token).reveal()}`);
    t.is(asked[2]?.serverName, clusterName);
  });
});

test("another token for the bootstrap takes the place of the one that is known to the cluster", async (t) => {
  await withServer(good, async ({ address }) => {
    const tlsBootstrapToken = generateBootstrapToken();
    const { credential } = await find(by(address), { tlsBootstrapToken });
    t.is("token" in credential ? credential.token.reveal() : "", bootstrapTokenText(tlsBootstrapToken).reveal());
  });
});

test("one hash of several is enough, in any case; none needs consent", async (t) => {
  await withServer(good, async ({ address }) => {
    const hashes = [publicKeyPin(parts.otherCa.certificatePem), pin.toUpperCase().replace("SHA256", "sha256")];
    await t.notThrowsAsync(find(by(address, { caCertHashes: hashes })));
    await t.notThrowsAsync(find(by(address, { caCertHashes: [], unsafeSkipCaVerification: true })));
    const error = await failure(t, by(address, { caCertHashes: [] }));
    t.is(error.code, "usage");
    t.regex(error.hint ?? "", /--print-join-command.*--discovery-token-unsafe-skip-ca-verification/);
  });
});

test("waits for a cluster that comes up, and says each time for what", async (t) => {
  const unsigned = () => answerInfo(publishedKubeconfig(parts.ca.certificatePem));
  const answers = [answerStatus(503), answerStatus(503), answerStatus(403), answerStatus(404), unsigned(), unsigned()];
  const said: string[] = [];
  await withServer(
    (_path, before) => answers[before] ?? good(),
    async ({ address }) => {
      const patience = { ...hasty, absentMs: 60_000, unsignedMs: 60_000 };
      await find(by(address), { patience, say: (text) => said.push(text.replaceAll(address, "ADDRESS")) });
    },
  );
  t.deepEqual(said, [
    "waiting, since ADDRESS answers with status 503",
    "waiting, since the API at ADDRESS does not show cluster-info to anonymous clients (status 403)",
    "waiting, since the API at ADDRESS has no cluster-info (status 404)",
    `waiting, since the cluster at ADDRESS does not know the token ${parts.token.id}, or no longer`,
  ]);
});

const endsSoon = test.macro(async (t, answer: () => Answer, code: ErrorCode, message: RegExp, hint: RegExp) => {
  await withServer(answer, async ({ address, asked }) => {
    const error = await failure(t, by(address), { timeoutSeconds: 600 });
    t.is(error.code, code);
    t.true(error.message.includes(address));
    t.regex(error.message, message);
    t.regex(error.hint ?? "", hint);
    t.true(asked.length > 1);
  });
});

test(
  "a token that is never signed for is unknown or expired",
  endsSoon,
  () => answerInfo(publishedKubeconfig(parts.ca.certificatePem), generateBootstrapToken()),
  "token-expired",
  /does not know the token \w{6}, or no longer/,
  /expired.*kboot token create --print-join-command/,
);
test("a cluster may not publish itself", endsSoon, () => answerStatus(404), "discovery", /has no cluster-info/, /bootstrap-token/);
test("a cluster may not show itself", endsSoon, () => answerStatus(403), "discovery", /does not show cluster-info/, /discovery file/);
test("a cluster may ask who is there", endsSoon, () => answerStatus(401), "discovery", /does not show cluster-info/, /discovery file/);

const noApi = test.macro(async (t, answer: Answer, message: RegExp) => {
  await withServer(
    () => answer,
    async ({ address, asked }) => {
      const error = await failure(t, by(address));
      t.is(error.code, "discovery");
      t.true(error.message.startsWith(`what listens at ${address} is not the API of a cluster: `));
      t.regex(error.message, message);
      t.regex(error.hint ?? "", /curl -k/);
      t.is(asked.length, 1);
    },
  );
});

test("a web page is no API", noApi, { status: 200, text: "<html>" }, /not a Kubernetes object/);
test("another JSON is no API", noApi, { status: 200, text: "null" }, /not a Kubernetes object/);
test("a web server's 404 is no API's", noApi, { status: 404, text: "not found" }, /status 404/);
test("an answer without end is no API's", noApi, { status: 200, text: " ".repeat(3 << 20) }, /too long/);
test("a redirect is no API's", noApi, { status: 302, text: "https://127.0.0.1:1/" }, /status 302/);

test("a server that stays busy is told when time is over", async (t) => {
  await withServer(
    () => ({ status: 502, text: "<html>" }),
    async ({ address }) => {
      const error = await failure(t, by(address), { timeoutSeconds: 0 });
      t.is(error.message, `${address} answers with status 502`);
      t.is(error.code, "discovery");
    },
  );
});

test("the time to wait is that of both looks together", async (t) => {
  const answer = async (_path: string, before: number) => {
    if (before > 0) return { status: 502, text: "<html>" };
    await sleep(1500);
    return good();
  };
  await withServer(answer, async ({ address, asked }) => {
    const error = await failure(t, by(address), { timeoutSeconds: 1 });
    t.is(error.message, `${address} answers with status 502`);
    t.is(asked.length, 2, "after the first look no time is left to ask more than once");
  });
});

const untrusted = test.macro(async (t, wish: () => Partial<TokenDiscovery>, message: () => string, hint: RegExp) => {
  await withServer(good, async ({ address, asked }) => {
    const error = await failure(t, by(address, wish()));
    t.is(error.code, "discovery-untrusted");
    t.is(error.message.replaceAll(address, "ADDRESS"), message());
    t.regex(error.hint ?? "", hint);
    t.is(asked.length, 1);
  });
});

const mistyped = (): BootstrapToken => ({ ...parts.token, secret: new Secret("mistyped90123456") });
const unsigned = () => `what the API at ADDRESS says of its cluster is not signed by the token ${parts.token.id}`;
const otherPin = () => ({ caCertHashes: [publicKeyPin(parts.otherCa.certificatePem)] });

test(
  "a token with a wrong second half",
  untrusted,
  () => ({ token: mistyped() }),
  () => `${unsigned()}; its CA is the expected one`,
  /second half/,
);
test(
  "the same without a hash",
  untrusted,
  () => ({ token: mistyped(), caCertHashes: [], unsafeSkipCaVerification: true }),
  unsigned,
  /second half of the token is wrong, or .* is not the cluster that is meant/,
);
test(
  "token and hash of another cluster",
  untrusted,
  () => ({ token: mistyped(), ...otherPin() }),
  () => `${unsigned()}; its CA is not the expected one either`,
  /is not the cluster that is meant/,
);
test(
  "a hash of another cluster is told with that of this one",
  untrusted,
  otherPin,
  () => `the CA of the cluster at ADDRESS is not the expected one: it has ${pin}`,
  /hash that of its CA/,
);

test("cluster-info that was changed on the way is not signed", async (t) => {
  const { status, text } = good();
  const changed = { status, text: text.replaceAll("6443", "6444") };
  await withServer(
    () => changed,
    async ({ address }) => {
      const error = await failure(t, by(address));
      t.is(error.code, "discovery-untrusted");
      t.regex(error.message, /not signed .*; its CA is the expected one/);
    },
  );
});

test("cluster-info must be the same when a trusted server tells it", async (t) => {
  await withServer(
    (_path, before) => (before === 0 ? good() : answerInfo(publishedKubeconfig(parts.ca.certificatePem, "10.0.0.9"), parts.token)),
    async ({ address }) => {
      const error = await failure(t, by(address));
      t.is(error.code, "discovery-untrusted");
      t.regex(error.message, /gave another cluster-info/);
    },
  );
});

test("whoever knows the token alone cannot add a CA of his own", async (t) => {
  const forged = publishedKubeconfig(`${parts.ca.certificatePem}${parts.otherCa.certificatePem}`);
  await withServer(
    () => answerInfo(forged, parts.token),
    async ({ address }) => {
      const error = await failure(t, by(address));
      t.is(error.code, "certificate-untrusted");
      t.regex(error.message, /is not of the cluster's CA/);
    },
    await makeCertificate(parts.otherCa),
  );
});

test("a CA beside the pinned one belongs to what was found", async (t) => {
  const bundle = `${parts.ca.certificatePem}${parts.otherCa.certificatePem}`;
  await withServer(
    () => answerInfo(publishedKubeconfig(bundle), parts.token),
    async ({ address }) => t.is((await find(by(address))).caCert, bundle),
  );
});

const certificate = test.macro(async (t, make: () => Promise<KeyAndCertificate>, code: ErrorCode, message: RegExp) => {
  await withServer(
    good,
    async ({ address }) => {
      const error = await failure(t, by(address));
      t.is(error.code, code);
      t.true(error.message.includes(address));
      t.regex(error.message, message);
    },
    await make(),
  );
});

test("a server of another CA", certificate, () => makeCertificate(parts.otherCa), "certificate-untrusted", /not of the cluster's CA/);
test(
  "a server of another name",
  certificate,
  () => makeCertificate(parts.ca, { dnsNames: ["kubernetes"] }),
  "certificate-untrusted",
  /not for the name api\.lab\.internal/,
);
test(
  "a server with an expired certificate",
  certificate,
  () => makeCertificate(parts.ca, { now: new Date(Date.now() - 9 * 86_400_000) }),
  "certificate-expired",
  /expired or not valid yet/,
);

test("a cluster may call itself by an address", async (t) => {
  await withServer(
    () => answerInfo(publishedKubeconfig(parts.ca.certificatePem, "127.0.0.1"), parts.token),
    async ({ address, asked }) => {
      t.is((await find(by(address))).server, "https://127.0.0.1:6443");
      t.is(asked[1]?.serverName, undefined);
    },
  );
  await withServer(
    () => answerInfo(publishedKubeconfig(parts.ca.certificatePem, "10.0.0.9"), parts.token),
    async ({ address }) => t.regex((await failure(t, by(address))).message, /not for the name 10\.0\.0\.9/),
  );
});

test("cluster-info without a server or a readable CA is told", async (t) => {
  for (const kubeconfig of ["kind: Config\n", publishedKubeconfig("no certificate"), "a: ["]) {
    await withServer(
      () => answerInfo(kubeconfig, parts.token),
      async ({ address }) => {
        const error = await failure(t, by(address));
        t.is(error.code, "discovery");
        t.regex(error.message, /names no https server with its CA/);
      },
    );
  }
});

test("what cannot be meant is refused before anything is asked, without what looks like a secret", async (t) => {
  const secret = "abcdef.0123456789abcdef";
  for (const endpoint of [
    "10.0.0.5",
    "10.0.0.5:0",
    "10.0.0.5:65536",
    "10.0.0:6443",
    "::1:6443",
    "https://10.0.0.5:6443",
    "",
    secret,
    "a b:1",
  ]) {
    const error = await failure(t, by(endpoint));
    t.is(error.code, "usage", endpoint);
    t.false(error.message.includes(secret));
  }
  for (const hash of ["", "sha256:12", pin.slice(7), `${pin}0`, pin.replace("sha256", "sha512"), secret]) {
    const error = await failure(t, by("127.0.0.1:1", { caCertHashes: [pin, hash] }));
    t.is(error.code, "usage", hash);
    t.regex(error.message, /is not the hash of a CA certificate/);
    t.false(error.message.includes(secret));
  }
});

test("stops when told to", async (t) => {
  const controller = new AbortController();
  const options = { signal: controller.signal, say: () => controller.abort() };
  await withServer(
    () => answerStatus(503),
    async ({ address }) => {
      const error = await t.throwsAsync(find(by(address), options), { instanceOf: KbootError });
      t.is(error.code, "cancelled");
    },
  );
});
