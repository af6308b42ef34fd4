import { openSources } from "../../../src/artifacts/index.ts";
import { type Lab, sendToHost } from "./lab.ts";

/** The image of test pods: a small system with busybox' programs. */
export const testImage = "docker.io/library/busybox:1.37";

/** Gives a host the image of test pods, which no cluster needs by itself. */
export async function importTestImage(set: Lab, host: string, bundle: string): Promise<void> {
  const wanted = { files: [], images: [testImage] };
  const sources = await openSources([{ kind: "bundle", path: bundle }], wanted, AbortSignal.timeout(60_000));
  const artifacts = await sources.resolve(["amd64"]);
  const archive = await artifacts.imageArchive([artifacts.image(testImage, "amd64")], new Set());
  await sendToHost(set, host, "ctr -n k8s.io images import -", archive.open());
}

/** A pod that serves HTTP on port 8080 and logs who asked, and a Service of the same name in front of it on port 80. */
export function webPod(name: string, node: string): readonly object[] {
  return [
    testPod(name, node, "mkdir /www && echo hello from $HOSTNAME > /www/index.html && exec httpd -f -vv -p 8080 -h /www"),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
}

/** A pod that runs a command of the test image's shell on a node of one's choice. */
export function testPod(name: string, node: string, command: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: testImage, imagePullPolicy: "Never", command: ["sh", "-c", command] }],
    },
  };
}

/** A DaemonSet of one pod that stays, on one node. */
export function stayingPods(node: string): object {
  const labels = { app: "stay" };
  const { spec } = testPod("stay", node, "exec sleep 3600") as { spec: Readonly<Record<string, unknown>> };
  const { nodeName: _, ...pod } = spec;
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "stay", namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...pod, nodeSelector: { "kubernetes.io/hostname": node } } },
    },
  };
}
