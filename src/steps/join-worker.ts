import type { ActionContext, Step } from "../engine/contracts.ts";
import { scriptFailed } from "../errors/script-failed.ts";
import { bytesPayload } from "../host/payload.ts";
import { quote } from "../host/quote.ts";
import { bootstrapTokenSecret, bootstrapTokenText, generateBootstrapToken } from "../kubernetes/bootstrap-token.ts";
import { endpointAddress } from "../kubernetes/kubeadm-config.ts";
import type { Live } from "../kubernetes/live.ts";
import { kubernetesDir } from "../kubernetes/paths.ts";
import { buildTokenKubeconfig, kubeletClientPem } from "../pki/kubeconfig.ts";
import { file } from "../resources/file.ts";
import type { Secret } from "../secret.ts";
import { hasJoined, whatIsWrong } from "./has-joined.ts";
import { tellOpenRequest, unsignedRequest } from "./watch-request.ts";
import { anyHost, sameHost, specOf, workers } from "./where.ts";

const nodeFiles = { folder: kubernetesDir, clientPem: kubeletClientPem };
const timeoutSeconds = 120;
/** With which a join ends that has waited for its certificate in vain (sysexits.h, EX_TEMPFAIL). */
const noCertificate = 75;

/** The token is for this one join; it lives longer than the wait below, in case its deletion is missed. */
const tokenTtlSeconds = 900;

/** With what a node asks for its certificate. */
interface Introduction {
  readonly kubeconfig: Secret;
  /** Takes back what was made for this one join, once it is certain that nothing on the host uses it any more. */
  end?(): Promise<void>;
}

type Introduce = (context: ActionContext<Live>) => Promise<Introduction>;

/** A token for this one join. While a script may still run on the host (the run was cancelled, the connection lost), it is left to expire by itself. */
const byOwnToken: Introduce = async ({ site, host, vault, signal, api }) => {
  const client = await api();
  const token = generateBootstrapToken();
  const expires = new Date(Date.now() + tokenTtlSeconds * 1000);
  const secret = bootstrapTokenSecret(token, { description: `kboot: join of ${host}`, expires });
  await client.apply(secret, { manager: "kboot" }, signal);
  const kubeconfig = buildTokenKubeconfig({
    server: `https://${endpointAddress(site.cluster)}`,
    caCert: vault.need("ca").certificate ?? "",
    token: bootstrapTokenText(token),
  });
  return { kubeconfig, end: () => client.delete(secret, AbortSignal.timeout(10_000)) };
};

/**
 * Joins a worker with a token of its own: the kubelet exchanges it for a certificate (TLS bootstrap), then token and bootstrap file go.
 */
export const joinWorker = joinStep("join the node with a one-time token", byOwnToken);

/** Joins a worker with the credential that somebody gave it, in a kubeconfig. It stays valid. */
export function joinWorkerWith(kubeconfig: Secret): Step<Live> {
  return joinStep("join the node with the credential that was given", async () => ({ kubeconfig }));
}

function joinStep(describe: string, introduce: Introduce): Step<Live> {
  return {
    id: "join",
    title: "Join the cluster",
    on: workers,
    after: [...sameHost("kubelet-config", "addon-images", "endpoint-name"), anyHost("cluster-config")],
    needsLive: true,
    resources: ({ cluster }) => [
      file(`${cluster.certificatesDir}/ca.crt`, {
        needs: ["ca"],
        build: (vault) => vault.need("ca").certificate ?? "",
      }),
    ],
    action: {
      describe,
      isDone: hasJoined,
      changes(site, host) {
        const wrong = whatIsWrong(site, host);
        const difference = { what: "join", ...(wrong.length === 0 ? {} : { from: wrong.join("; ") }), to: "joined" };
        return [{ id: `node:${specOf(site.cluster, host).nodeName}`, differences: [difference] }];
      },
      async run(context) {
        const { site, host, signal, reach, say } = context;
        const { kubeconfig, end } = await introduce(context);
        say("waiting for the kubelet's certificate");
        const payload = bytesPayload(Buffer.from(kubeconfig.reveal()));
        const { nodeName } = specOf(site.cluster, host);
        const ended = new AbortController();
        const running = reach(host)
          .run({ label: "join the node", body: joinScript(payload.size, nodeFiles, timeoutSeconds), payload }, { signal })
          .finally(() => ended.abort());
        const [result] = await Promise.all([running, tellOpenRequest(context, nodeName, ended.signal)]);
        const failed = { label: "join the node", exitCode: result.exitCode, stderr: result.stderr };
        const unsigned = result.exitCode !== noCertificate ? undefined : await unsignedRequest(context, nodeName, failed);
        await end?.();
        if (unsigned !== undefined) throw unsigned;
        if (result.exitCode !== 0) {
          throw scriptFailed("the node did not join", failed, {
            hint: `on the host: journalctl -u kubelet, and whether ${endpointAddress(site.cluster)} can be reached from there; then run the same command again`,
          });
        }
      },
    },
  };
}

/**
 * Starts the kubelet on the bootstrap file, its payload, and waits for the certificate it is given. The kubelet writes its kubeconfig at
 * once, before it has the certificate that this names; a join that fails takes it away again, so that the next one begins anew. What an earlier
 * one has left, or the certificate of another cluster, goes first: a kubelet that has a certificate asks for none. The kubeconfig gets the time of the
 * bootstrap file, as it says what the kubelet has read at its start, and is no reason to start it again.
 */
export function joinScript(size: number, { folder, clientPem }: typeof nodeFiles, timeout: number): string {
  const [kubeconfig, bootstrap, staged] = ["kubelet.conf", "bootstrap-kubelet.conf", ".bootstrap-kubelet.conf"].map((name) =>
    quote(`${folder}/${name}`),
  );
  const pem = quote(clientPem);
  return `set -eu
umask 077
joined=
finish() {
  rm -f ${bootstrap} ${staged}
  [ -n "$joined" ] || { systemctl stop kubelet.service; rm -f ${kubeconfig}; }
}
trap finish EXIT
said() { journalctl -t kubelet --since="$1" -o cat --no-pager 2>/dev/null; }
take ${size} > ${staged}
mv ${staged} ${bootstrap}
rm -f ${kubeconfig} ${pem}
systemctl daemon-reload
began=$(date +%s)
systemctl restart kubelet.service
latest=$((began + ${timeout}))
looks=0
until [ -s ${kubeconfig} ] && [ -s ${pem} ]; do
  # what the kubelet says of a certificate does not change by waiting, nor that its token is refused once it has asked twice
  looks=$((looks + 1))
  if [ $((looks % 10)) = 0 ]; then
    if said -3s | grep 'x509: ' >&2; then exit 1; fi
    if [ "$(said "@$began" | grep -c 'signing request: Unauthorized')" -ge 2 ]; then
      said "@$began" | grep 'signing request: Unauthorized' | tail -n 1 >&2
      exit 1
    fi
  fi
  if [ "$(date +%s)" -gt "$latest" ]; then
    echo "no certificate after ${timeout} s; the kubelet says:" >&2
    journalctl -u kubelet.service -n 5 -o cat --no-pager >&2
    exit ${noCertificate}
  fi
  sleep 0.2
done
touch -r ${bootstrap} ${kubeconfig}
joined=1`;
}
