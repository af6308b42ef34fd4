import test from "ava";
import { refusesByRule, refusesByShape, takes } from "./refuses.ts";

test(
  "takes patches of the cluster and of hosts",
  takes,
  `
  patches:
    - { target: corednsdeployment, patch: { spec: { replicas: 3 } } }
    - { name: priority, target: etcd, type: json, patch: [{ op: add, path: /spec/priority, value: null }, { op: move, from: /a, path: /b }] }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, patches: [{ target: kube-apiserver, type: merge, patch: { spec: {} } }] }
    - { name: w1, address: 192.168.56.21, role: worker, patches: [{ target: kubeletconfiguration, patch: { maxPods: 50 } }] }`,
);

test(
  "refuses targets, types and fields that there are not",
  refusesByShape,
  `
  patches:
    - { target: kube-apiservr, patch: {} }
    - { target: etcd, type: jsn, patch: {} }
    - { target: etcd, patch: word }
    - { target: etcd, patches: {} }`,
  [
    "7:17 patches[0].target: must be kube-apiserver or kube-controller-manager or kube-scheduler or etcd or kubeletconfiguration or corednsdeployment, not kube-apiservr; did you mean kube-apiserver",
    "8:29 patches[1].type: must be strategic or merge or json, not jsn; did you mean json",
    '9:30 patches[2].patch: must be a map or a list of operations, not the text "word"',
    "10:7 patches[3].patch: is missing",
    "10:23 patches[3].patches: there is no such field; did you mean patch",
  ],
);

test(
  "refuses what does not fit the type, and operations that are none",
  refusesByRule,
  `
  patches:
    - { target: etcd, type: json, patch: {} }
    - { target: etcd, patch: [] }
    - { target: etcd, type: json, patch: [{ op: add, path: spec }, { op: copy, path: /a }] }`,
  [
    "7:42 patches[0].patch: must be a list of operations with type json",
    "8:30 patches[1].patch: must be a map with type strategic; a list of operations is of type json",
    "9:43 patches[2].patch[0].value: is missing; add needs one",
    "9:60 patches[2].patch[0].path: spec is no JSON pointer; write one such as /spec/hostNetwork",
    "9:68 patches[2].patch[1].from: is missing; copy needs one",
  ],
);

test(
  "refuses patches of what a host does not run",
  refusesByRule,
  `
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, patches: [{ target: corednsdeployment, patch: {} }] }
    - { name: w1, address: 192.168.56.21, role: worker, patches: [{ target: etcd, patch: {} }] }`,
  [
    "7:85 hosts[0].patches[0].target: is the cluster's, not a host's; write the patch under spec.patches",
    "8:77 hosts[1].patches[0].target: etcd does not run on a worker; take the patch out",
  ],
);
