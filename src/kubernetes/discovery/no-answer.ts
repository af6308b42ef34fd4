import { KbootError } from "../../errors.ts";
import { type Endpoint, showEndpoint } from "../endpoint.ts";

/**
 * The error for a request that got no answer; throws it where asking again would not help. `serverName` is what the certificate was to bear,
 * `limitMs` the time after which the request was given up.
 */
export function judgeNoAnswer(endpoint: Endpoint, serverName: string, error: unknown, limitMs: number | undefined): KbootError {
  const address = showEndpoint(endpoint);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(cause);
  if (error instanceof KbootError && error.code.startsWith("certificate-")) {
    throw refusedCertificate(error, address, code === "ERR_TLS_CERT_ALTNAME_INVALID" ? serverName : undefined);
  }
  if (code === "ENOTFOUND") {
    throw new KbootError("discovery", `the name ${endpoint.host} is not known on this machine`, {
      hint: `getent hosts ${endpoint.host}; or give the address of a control plane in place of the name`,
      cause,
    });
  }
  // what another protocol says, in place of TLS or of HTTP
  if (/^(ERR_SSL_|EPROTO|HPE_)/.test(code)) throw noApi(address, "it does not speak HTTPS, or asks for a certificate", cause);
  if (code === "EMSGSIZE") throw noApi(address, "its answer is too long", cause);
  const reason = limitMs === undefined ? (reasons[code] ?? messageOf(cause)) : `no answer within ${limitMs / 1000} s`;
  return new KbootError("discovery", `the API at ${address} cannot be reached: ${reason}`, {
    hint: hints[code] ?? otherHint(endpoint),
    cause,
  });
}

/** The error for a server that is something else. */
export function noApi(address: string, why: string, cause?: unknown): KbootError {
  return new KbootError("discovery", `what listens at ${address} is not the API of a cluster: ${why}`, {
    hint: `is that the API's port (6443 unless it was set otherwise)? curl -k https://${address}/version`,
    cause,
  });
}

function refusedCertificate(error: KbootError, address: string, wrongName: string | undefined): KbootError {
  if (error.code === "certificate-expired") {
    return new KbootError(error.code, `the certificate of the API at ${address} is expired or not valid yet`, {
      hint: "compare `date` here and there; on the control plane: `kboot certs check-expiration`",
      cause: error.cause,
    });
  }
  const fault = wrongName === undefined ? "is not of the cluster's CA" : `is not for the name ${wrongName}, which the cluster gives itself`;
  return new KbootError("certificate-untrusted", `the certificate of the API at ${address} ${fault}`, {
    hint: "does a load balancer end TLS or lead elsewhere? on the control plane: openssl x509 -noout -text -in apiserver.crt, in its directory of certificates (usually /etc/kubernetes/pki)",
    cause: error.cause,
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection is refused, nothing listens there",
  ECONNRESET: "the connection was closed from there",
  EHOSTUNREACH: "there is no way to that address",
  ENETUNREACH: "there is no way to that network",
  EAI_AGAIN: "DNS does not answer",
};

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: "is that the API's port, and does the API server run? on the control plane: `crictl ps --name kube-apiserver`",
  EAI_AGAIN: "see /etc/resolv.conf; or give the address of a control plane in place of the name",
};

function otherHint({ host, port }: Endpoint): string {
  return `is the address right, and does a firewall let it through? nc -zv ${host} ${port}`;
}

/** Of several addresses that were tried, the first tells. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : error;
}

function codeOf(error: unknown): string {
  const first = firstOf(error);
  return first instanceof Error && "code" in first ? String(first.code) : "";
}

function messageOf(error: unknown): string {
  const first = firstOf(error);
  return first instanceof Error ? first.message : String(first);
}
