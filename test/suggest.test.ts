import test from "ava";
import fc from "fast-check";
import { closest, nearest, suggest } from "../src/suggest.ts";

const means = test.macro({
  title: (_, word: string) => `finds what ${word} may mean`,
  exec(t, word: string, known: readonly string[], expected: string | undefined) {
    t.is(nearest(word, known), expected);
  },
});

const steps = ["kernel", "kubelet", "kubernetes", "join", "images"];
test(means, "kernle", steps, "kernel"); // two letters swapped are one mistake
test(means, "kubelets", steps, "kubelet");
test(means, "Join", steps, "join");
test(means, "imgaes", steps, "images");
test(means, "nojn", steps, "join");
test(means, "kubeadm", steps, undefined);
test(means, "x", ["y"], undefined); // one letter is no likeness
test(means, "", steps, undefined);

test("of two near words the nearer one is meant", (t) => {
  t.is(nearest("worker12", ["worker21x", "worker1", "worker22"]), "worker1");
});

test("without a near word all are listed", (t) => {
  t.is(suggest("calico", ["flannel", "none"]), "those here are flannel, none");
  t.is(suggest("flanel", ["flannel", "none"]), "did you mean flannel");
});

test("one swapped pair of letters in a longer word is always found", (t) => {
  const word = "identityfiles";
  fc.assert(
    fc.property(fc.integer({ min: 0, max: word.length - 2 }), (at) => {
      const swapped = word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
      return nearest(swapped, ["knownhostsfile", word]) === word;
    }),
  );
  t.pass();
});

test("the closest are those that share a part, then by letters, and never all", (t) => {
  t.deepEqual(closest("disk", ["api", "disk-full", "disc", "kernel", "risk"], 3), ["disk-full", "disc", "risk"]);
  t.deepEqual(closest("kernel-x", ["api", "kernel", "kernle"], 1), ["kernel"]);
  t.deepEqual(closest("", ["api", "kernel"], 1), ["api"]);
});
