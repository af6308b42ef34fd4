import test from "ava";
import { cniPlugins, componentsFor, releaseOf } from "./components.ts";

test("a release brings the versions that its kubeadm asks for", (t) => {
  t.deepEqual(releaseOf("1.36.3"), { etcd: "3.6.8", etcdImage: "3.6.8-0", coreDns: "1.14.2", pause: "3.10.2" });
  t.is(componentsFor("1.37.2").coreDns.version, "1.14.6");
});

for (const version of ["1.20.0", "1.36", "v1.36.3", "latest"]) {
  test(`refuses Kubernetes ${version}`, (t) => {
    t.throws(() => componentsFor(version), { message: /not known here; known are the releases of 1\.36, / });
  });
}

test("the CNI plugins that containerd and Flannel configure are among those built", (t) => {
  for (const name of ["bridge", "host-local", "loopback", "portmap"]) t.true(cniPlugins.includes(name), name);
});
