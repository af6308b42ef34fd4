import test from "ava";
import { kubernetesVariables, renderKubernetesGoMod } from "./go-component.ts";

test("exactly the libraries that Kubernetes takes from its staging folder are replaced", (t) => {
  const upstream = `module k8s.io/kubernetes

go 1.26.0

godebug default=go1.26

require (
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822
	k8s.io/api v0.0.0
	k8s.io/kube-openapi v0.0.0-20260317180543-43fb72c5454a
	k8s.io/kubectl v0.0.0
	k8s.io/utils v0.0.0-20260210185600-b8788abfbbc2
)
`;
  t.is(
    renderKubernetesGoMod("1.36.3", upstream),
    `module kboot.dev/kubernetes
go 1.26.0
godebug default=go1.26
require k8s.io/kubernetes v1.36.3
replace k8s.io/api => k8s.io/api v0.36.3
replace k8s.io/kubectl => k8s.io/kubectl v0.36.3
`,
  );
});

test("Kubernetes' programs and its client library are told their version", (t) => {
  const variables = kubernetesVariables("1.36.3");
  t.is(variables["k8s.io/component-base/version.gitVersion"], "v1.36.3");
  t.is(variables["k8s.io/component-base/version.gitMajor"], "1");
  t.is(variables["k8s.io/client-go/pkg/version.gitMinor"], "36");
});
