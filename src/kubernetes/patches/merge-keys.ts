/**
 * Lists that a strategic merge patch merges element by element, by the path of fields that leads to them, with the field that tells elements
 * apart; `primitive` for a list of plain values. Any other list is replaced whole. The paths are what the Go types of Kubernetes carry as
 * patchStrategy and patchMergeKey (k8s.io/api core/v1 and apps/v1, k8s.io/apimachinery meta/v1, 1.34 to 1.37).
 */
export type MergeKeys = Readonly<Record<string, string>>;

const container: MergeKeys = {
  ports: "containerPort",
  env: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
};

const metadata: MergeKeys = { ownerReferences: "uid", finalizers: "primitive" };

const podSpec: MergeKeys = {
  volumes: "name",
  initContainers: "name",
  ...below("initContainers", container),
  containers: "name",
  ...below("containers", container),
  ephemeralContainers: "name",
  ...below("ephemeralContainers", container),
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  schedulingGates: "name",
  resourceClaims: "name",
  evictionResponders: "name",
};

const pod: MergeKeys = { ...below("metadata", metadata), ...below("spec", podSpec) };

/** Of an object by its kind; a KubeletConfiguration has no such list. */
export const mergeKeysOf: Readonly<Record<"Pod" | "Deployment" | "KubeletConfiguration", MergeKeys>> = {
  Pod: pod,
  Deployment: { ...below("metadata", metadata), ...below("spec.template", pod) },
  KubeletConfiguration: {},
};

function below(field: string, keys: MergeKeys): MergeKeys {
  return Object.fromEntries(Object.entries(keys).map(([path, key]) => [`${field}.${path}`, key]));
}
