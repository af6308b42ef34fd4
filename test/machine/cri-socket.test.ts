import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { assertContainerd } from "../../src/machine/cri-socket.ts";

test("containerd's own socket may be named in any spelling, or not at all", (t) => {
  const scheme = ["", "unix://"];
  const spellings = scheme.flatMap((prefix) => ["/run", "/var/run"].map((run) => `${prefix}${run}/containerd/containerd.sock`));
  for (const socket of [undefined, ...spellings]) t.notThrows(() => assertContainerd("--cri-socket", socket));
});

test("another socket is refused by the flag or field that names it", (t) => {
  const others = ["unix:///var/run/crio/crio.sock", "/run/k3s/containerd/containerd.sock", "containerd.sock", ""];
  for (const socket of others) {
    const error = t.throws(() => assertContainerd("--cri-socket", socket), { instanceOf: KbootError });
    t.is(error.code, "usage");
    t.true(error.message.startsWith(`--cri-socket is ${socket}; kboot installs containerd`), error.message);
  }
});
