import test from "ava";
import { apiServerArguments, auditVolumes } from "../../src/kubernetes/audit.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import { kubeApiServerPod } from "../../src/kubernetes/static-pods.ts";
import { testAudit, testCluster } from "./fixture.ts";

const cluster = testCluster({ audit: testAudit });

test("without a policy there is nothing about auditing", (t) => {
  t.deepEqual(apiServerArguments(testCluster()), []);
  t.deepEqual(auditVolumes(testCluster()), []);
});

test("the API server reads the policy and writes its log on the host, and kubeadm knows", (t) => {
  const [container] =
    kubeApiServerPod({ cluster, nodeName: "cp1", nodeAddress: "192.0.2.1", facts: { directories: [] } }).spec?.containers ?? [];
  const flags = ["policy-file=/etc/kubernetes/audit-policy.yaml", "log-path=/var/log/k8s/audit.log", "log-maxage=30", "log-maxbackup=10"];
  for (const flag of flags) t.true(container?.command?.includes(`--audit-${flag}`), flag);
  t.deepEqual(
    container?.volumeMounts?.filter(({ name }) => name.startsWith("audit")),
    [
      { name: "audit-logs", mountPath: "/var/log/k8s" },
      { name: "audit-policy", mountPath: "/etc/kubernetes/audit-policy.yaml", readOnly: true },
    ],
  );
  const { apiServer } = clusterConfiguration(cluster) as {
    apiServer: { extraVolumes: readonly { pathType: string }[]; extraArgs: unknown[] };
  };
  t.deepEqual(apiServer.extraArgs.length, 5);
  t.deepEqual(
    apiServer.extraVolumes.map(({ pathType }) => pathType),
    ["DirectoryOrCreate", "File"],
  );
});
