import type { Api, KubernetesObject } from "../engine/contracts.ts";
import { asksFor } from "../pki/read.ts";

/** A CertificateSigningRequest by which a kubelet asks for its certificate, and that has none yet. */
export interface OpenRequest {
  readonly name: string;
  readonly isApproved: boolean;
}

interface RequestShape {
  readonly metadata: KubernetesObject["metadata"] & { readonly creationTimestamp?: string };
  /** `request` is the base64 of a PEM. */
  readonly spec: { readonly signerName: string; readonly request: string };
  readonly status?: { readonly certificate?: string; readonly conditions?: readonly { readonly type: string }[] };
}

const signerName = "kubernetes.io/kube-apiserver-client-kubelet";

/** The newest request of a node's kubelet; undefined when that has its certificate, and where there is none. Throws KbootError `api`. */
export async function findOpenRequest(api: Api, nodeName: string, signal: AbortSignal): Promise<OpenRequest | undefined> {
  const all = await api.list(
    "certificates.k8s.io/v1",
    "CertificateSigningRequest",
    { fieldSelector: `spec.signerName=${signerName}` },
    signal,
  );
  const own = (all as unknown as readonly RequestShape[]).filter(({ spec }) =>
    asksFor(Buffer.from(spec.request, "base64").toString(), `system:node:${nodeName}`),
  );
  const madeAt = ({ metadata }: RequestShape) => Date.parse(metadata.creationTimestamp ?? "") || 0;
  const [newest] = own.toSorted((a, b) => madeAt(b) - madeAt(a));
  if (newest === undefined || newest.status?.certificate !== undefined) return undefined;
  return { name: newest.metadata.name, isApproved: newest.status?.conditions?.some(({ type }) => type === "Approved") ?? false };
}
