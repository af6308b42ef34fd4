import { z } from "zod";
import { fields, list, wrongType } from "../../inventory/fields.ts";
import {
  clusterShape,
  discoveryShape,
  externalEtcdShape,
  initShape,
  joinShape,
  judgeDiscovery,
  judgeEtcd,
  judgeExternalEtcd,
  localEtcdShape,
  nodeRegistrationShape,
  ruled,
} from "./v1beta4.ts";
import { duration, extraVolumes, imageShape, subjectName } from "./values.ts";

// Each schema takes a kind as v1beta3 has it and gives the same as v1beta4 has it (kubeadm/app/apis/kubeadm/v1beta3/conversion.go, v1.36).

/** Arguments by name; as a list they are in alphabetical order. */
const extraArgs = z.record(z.string(), z.string({ error: wrongType("text") }), { error: wrongType("a map") }).transform((args) =>
  Object.entries(args)
    .map(([name, value]) => ({ name, value }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
);

const component = { extraArgs: extraArgs.optional(), extraVolumes: extraVolumes.optional() } as const;

const { imagePullSerial: _, ...nodeShape } = nodeRegistrationShape;
const nodeRegistration = fields({ ...nodeShape, kubeletExtraArgs: extraArgs.optional() });

export const initConfiguration = fields({ ...initShape, nodeRegistration: nodeRegistration.optional() });

const { httpEndpoints: __, ...externalShape } = externalEtcdShape;

/** With `timeoutForControlPlane`, which in v1beta4 stands in InitConfiguration. */
export const clusterConfiguration = fields({
  ...clusterShape,
  etcd: ruled(
    fields({
      local: fields({ ...localEtcdShape, extraArgs: extraArgs.optional() }).optional(),
      external: ruled(fields(externalShape), judgeExternalEtcd).optional(),
    }),
    judgeEtcd,
  ).optional(),
  apiServer: fields({
    ...component,
    certSANs: list(subjectName).optional(),
    timeoutForControlPlane: duration.optional(),
  }).optional(),
  controllerManager: fields(component).optional(),
  scheduler: fields(component).optional(),
  dns: fields(imageShape).optional(),
});

export const joinConfiguration = fields({
  ...joinShape,
  nodeRegistration: nodeRegistration.optional(),
  discovery: ruled(fields({ ...discoveryShape, timeout: duration.optional() }), judgeDiscovery),
}).transform(({ discovery: { timeout, ...discovery }, ...rest }) => ({
  ...rest,
  discovery,
  ...(timeout === undefined ? {} : { timeouts: { discovery: timeout } }),
}));
