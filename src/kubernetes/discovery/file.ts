import { type KubeconfigReading, readKubeconfig } from "../../pki/kubeconfig.ts";
import { fingerprintsOf, isKeyOf } from "../../pki/read.ts";
import { Secret } from "../../secret.ts";
import type { ApiCredential } from "../api-request.ts";
import { type BootstrapToken, bootstrapTokenText } from "../bootstrap-token.ts";
import { dial, endpointOf } from "../endpoint.ts";
import { awaitClusterInfo } from "./await-cluster-info.ts";
import type { Discovered, FileDiscovery, TimedOptions } from "./discovered.ts";
import { type DiscoveryFile, openDiscoveryFile } from "./open-file.ts";
import { readPublished } from "./published.ts";

/** Finds a cluster by a kubeconfig, which is believed for where it comes from. Its API must answer, with a certificate of the CA in it. */
export async function discoverByFile({ file }: FileDiscovery, options: TimedOptions): Promise<Discovered> {
  const opened = await openDiscoveryFile(file, options.signal);
  const reading = readKubeconfig(opened.text, { mayLackContext: true });
  const { server } = reading ?? {};
  const endpoint = server === undefined ? undefined : endpointOf(server);
  if (reading === undefined || server === undefined || endpoint === undefined) {
    throw opened.fault(
      "is not a kubeconfig that leads to a cluster with an https server",
      "set current-context, or leave one cluster in it",
    );
  }
  const caCert = await readCa(reading, opened);
  const credential = await readCredential(reading, opened, options.tlsBootstrapToken);
  const access = { connect: () => dial(endpoint, options.signal), serverName: endpoint.host, caCert, credential: undefined };
  // the file says all there is to know, so a cluster may keep cluster-info to itself
  const info = await awaitClusterInfo(access, endpoint, { ...options, absent: { kubeconfig: "", entries: {} } });
  const named = readPublished(info.kubeconfig)?.server;
  if (named !== undefined && named !== server)
    options.say(`the cluster calls its server ${named}, and ${opened.name} ${server}: it is taken from there`);
  return { caCert, server, endpoint, credential };
}

async function readCa({ caCert, caPath }: KubeconfigReading, opened: DiscoveryFile): Promise<string> {
  const pem = caCert ?? (caPath === undefined ? undefined : (await opened.readBeside(caPath)).reveal());
  if (pem !== undefined && fingerprintsOf(pem) !== "") return pem;
  throw opened.fault(
    pem === undefined ? "holds no CA of the cluster" : "has a CA that cannot be read as certificates",
    "certificate-authority-data is that of a control plane's /etc/kubernetes/admin.conf: the base64 of the cluster's ca.crt",
  );
}

/** The token, where one is given besides, takes the place of what the file has. */
async function readCredential(
  reading: KubeconfigReading,
  opened: DiscoveryFile,
  tlsBootstrapToken: BootstrapToken | undefined,
): Promise<ApiCredential> {
  if (tlsBootstrapToken !== undefined) return { token: bootstrapTokenText(tlsBootstrapToken) };
  const { certificatePem, certificatePath, key, keyPath, token, tokenPath, otherLogins } = reading;
  const read = (embedded: Secret | undefined, path: string | undefined) =>
    embedded ?? (path === undefined ? undefined : opened.readBeside(path));
  const certificate = await read(certificatePem === undefined ? undefined : new Secret(certificatePem), certificatePath);
  if (certificate !== undefined) return needClient(certificate.reveal(), await read(key, keyPath), opened);
  const bearer = await read(token, tokenPath);
  if (bearer !== undefined) return { token: new Secret(bearer.reveal().trim()) };
  if (otherLogins.length > 0) {
    throw opened.fault(
      `logs in by ${otherLogins.join(", ")}, which cannot be used here`,
      "give --tls-bootstrap-token, or a file with a client certificate or a token",
    );
  }
  throw opened.fault("holds no credential to join with", "give --tls-bootstrap-token: a control plane makes one, kboot token create");
}

function needClient(certificatePem: string, key: Secret | undefined, opened: DiscoveryFile): ApiCredential {
  if (key !== undefined && isKeyOf(certificatePem, key)) return { certificatePem, key };
  throw opened.fault(
    key === undefined ? "has a client certificate without its key" : "has a client certificate and a key that do not belong together",
    "client-certificate and client-key, or both with -data, are one pair",
  );
}
