import type { Look } from "./look-at-files.ts";

/** What differs between two looks. */
export interface Difference {
  /** `/var/lib/kubelet/config.yaml: syncFrequency` */
  readonly place: string;
  readonly kubeadm: string;
  readonly kboot: string;
}

const absent = "none";

/** All that differs, by place. Text that says the same is told as one difference, `: text`, where it is in another order or form. */
export function findDifferences(kubeadm: Look, kboot: Look): readonly Difference[] {
  const places = [...new Set([...kubeadm.keys(), ...kboot.keys()])].sort();
  return places.flatMap((place): readonly Difference[] => {
    const [theirs, ours] = [kubeadm.get(place), kboot.get(place)];
    if (theirs === undefined || ours === undefined) {
      return [{ place, kubeadm: theirs === undefined ? absent : "there", kboot: ours === undefined ? absent : "there" }];
    }
    const fields = [...new Set([...theirs.fields.keys(), ...ours.fields.keys()])].filter(
      (field) => theirs.fields.get(field) !== ours.fields.get(field),
    );
    if (fields.length === 0) return theirs.text === ours.text ? [] : [{ place: `${place}: text`, kubeadm: "its own", kboot: "its own" }];
    return fields.map((field) => ({
      place: field === "" ? place : `${place}: ${field}`,
      kubeadm: theirs.fields.get(field) ?? absent,
      kboot: ours.fields.get(field) ?? absent,
    }));
  });
}
