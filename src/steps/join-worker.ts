import type { Step } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import { bytesPayload } from "../host/payload.ts";
import { bootstrapTokenSecret, bootstrapTokenText, generateBootstrapToken } from "../kubernetes/bootstrap-token.ts";
import type { Live } from "../kubernetes/live.ts";
import { buildTokenKubeconfig } from "../pki/kubeconfig.ts";
import { file } from "../resources/file.ts";
import { anyHost, sameHost, workers } from "./where.ts";

const bootstrapFile = "/etc/kubernetes/bootstrap-kubelet.conf";
const timeoutSeconds = 120;

/** The token is for this one join; it lives longer than the wait below, in case its deletion is missed. */
const tokenTtlSeconds = 900;

/**
 * Joins a worker with a token of its own: the kubelet exchanges it for a certificate (TLS bootstrap), then token and bootstrap file go.
 */
export const joinWorker: Step<Live> = {
  id: "join",
  title: "Join the cluster",
  on: workers,
  after: [...sameHost("kubelet-config", "addon-images", "endpoint-name"), anyHost("cluster-config")],
  needsLive: true,
  resources: () => [
    file("/etc/kubernetes/pki/ca.crt", {
      needs: ["ca"],
      build: (vault) => vault.need("ca").certificate ?? "",
    }),
  ],
  action: {
    describe: "join the node with a one-time token",
    isDone: ({ facts }, host) => {
      const known = facts.get(host)?.kubernetes;
      return known?.kubeletConf === true && !known.bootstrapKubeletConf;
    },
    async run({ site, host, vault, signal, reach, api, say }) {
      const client = await api();
      const token = generateBootstrapToken();
      const expires = new Date(Date.now() + tokenTtlSeconds * 1000);
      const secret = bootstrapTokenSecret(token, { description: `kboot: join of ${host}`, expires });
      await client.apply(secret, { manager: "kboot" }, signal);
      try {
        const { endpoint } = site.cluster;
        const kubeconfig = buildTokenKubeconfig({
          server: `https://${endpoint.host}:${endpoint.port}`,
          caCert: vault.need("ca").certificate ?? "",
          token: bootstrapTokenText(token),
        });
        say("waiting for the kubelet's certificate");
        const payload = bytesPayload(Buffer.from(kubeconfig.reveal()));
        const result = await reach(host).run({ label: "join the node", body: joinScript(payload.size), payload }, { signal });
        if (result.exitCode !== 0) {
          throw new KbootError("script", `the node did not join: ${result.stderr.trim().split("\n").slice(-6).join("\n  ")}`, {
            hint: `on the host: journalctl -u kubelet; then run the same command again`,
            script: { label: "join the node", exitCode: result.exitCode, stderr: result.stderr },
          });
        }
      } finally {
        await client.delete(secret, AbortSignal.timeout(10_000));
      }
    },
  },
};

/** Starts the kubelet on the bootstrap file and waits for the kubeconfig it writes once its certificate is signed. */
function joinScript(size: number): string {
  return `set -eu
umask 077
trap 'rm -f ${bootstrapFile}' EXIT
take ${size} > /etc/kubernetes/.bootstrap-kubelet.conf
mv /etc/kubernetes/.bootstrap-kubelet.conf ${bootstrapFile}
systemctl daemon-reload
systemctl restart kubelet.service
n=0
until [ -s /etc/kubernetes/kubelet.conf ] && [ -e /var/lib/kubelet/pki/kubelet-client-current.pem ]; do
  n=$((n + 1))
  if [ $n -gt ${timeoutSeconds * 5} ]; then
    echo "no certificate after ${timeoutSeconds} s; the kubelet says:" >&2
    journalctl -u kubelet.service -n 5 -o cat --no-pager >&2
    exit 1
  fi
  sleep 0.2
done`;
}
