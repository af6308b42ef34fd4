import test from "ava";
import { parse } from "smol-toml";
import {
  containerdConfig,
  containerdDropIn,
  containerdUnit,
  packagedContainerdConfig,
  registryHosts,
} from "../../src/kubernetes/containerd.ts";
import { wantedRegistries } from "../../src/network/cluster-images.ts";
import { parseUnit } from "../../src/render/unit.ts";
import { testCluster } from "./fixture.ts";

test("containerd uses systemd's cgroups and the pause image of the version", (t) => {
  const { version, plugins } = parse(containerdConfig(testCluster())) as { version: number; plugins: unknown };
  t.is(version, 3);
  t.deepEqual(plugins, {
    "io.containerd.cri.v1.images": { pinned_images: { sandbox: "registry.k8s.io/pause:3.10.2" } },
    "io.containerd.cri.v1.runtime": {
      cni: { bin_dirs: ["/opt/cni/bin"], conf_dir: "/etc/cni/net.d" },
      containerd: { runtimes: { runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: true } } } },
    },
  });
});

test("tables of the inventory are merged in", (t) => {
  const containerd = {
    oom_score: -100,
    plugins: { "io.containerd.cri.v1.runtime": { restrict_oom_score_adj: true, containerd: { default_runtime_name: "runc" } } },
  };
  const config = parse(containerdConfig(testCluster({ containerd })));
  t.is(config["oom_score"], -100);
  t.like(config, {
    plugins: {
      "io.containerd.cri.v1.runtime": {
        restrict_oom_score_adj: true,
        containerd: { default_runtime_name: "runc", runtimes: { runc: { options: { SystemdCgroup: true } } } },
      },
    },
  });
});

test("for a package the same is written as version 2, which containerd 1.7 and 2 read", (t) => {
  const containerd = {
    oom_score: -100,
    plugins: {
      "io.containerd.cri.v1.runtime": {
        restrict_oom_score_adj: true,
        cni: { max_conf_num: 2 },
        containerd: { default_runtime_name: "runc" },
      },
      "io.containerd.cri.v1.images": { snapshotter: "native", registry: { config_path: "/etc/containerd/certs.d" } },
      "io.containerd.grpc.v1.cri": { stream_server_port: "10010" },
      "io.containerd.gc.v1.scheduler": { startup_delay: "1s" },
    },
  };
  t.deepEqual(parse(packagedContainerdConfig(testCluster({ containerd }))), {
    version: 2,
    oom_score: -100,
    plugins: {
      "io.containerd.gc.v1.scheduler": { startup_delay: "1s" },
      "io.containerd.grpc.v1.cri": {
        stream_server_port: "10010",
        restrict_oom_score_adj: true,
        registry: { config_path: "/etc/containerd/certs.d" },
        sandbox_image: "registry.k8s.io/pause:3.10.2",
        cni: { bin_dir: "/opt/cni/bin", conf_dir: "/etc/cni/net.d", max_conf_num: 2 },
        containerd: {
          snapshotter: "native",
          default_runtime_name: "runc",
          runtimes: { runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: true } } },
        },
      },
    },
  });
});

test("registries among the sources are asked before upstream's, by containerd too", (t) => {
  const sources = [
    { kind: "registry", address: "host:5000/team/k8s", insecure: true },
    { kind: "mirror", url: "http://mirror" },
    { kind: "registry", address: "registry.example.com", insecure: false },
  ] as const;
  const cluster = testCluster({ sources });
  t.like(parse(containerdConfig(cluster)), {
    plugins: { "io.containerd.cri.v1.images": { registry: { config_path: "/etc/containerd/certs.d" } } },
  });
  const files = registryHosts(cluster, wantedRegistries(cluster));
  t.deepEqual(
    files.map(({ path }) => path),
    ["/etc/containerd/certs.d/ghcr.io/hosts.toml", "/etc/containerd/certs.d/registry.k8s.io/hosts.toml"],
  );
  const { host } = parse(files[0]?.content ?? "") as { host: Record<string, unknown> };
  const options = { capabilities: ["pull", "resolve"], override_path: true };
  t.deepEqual(Object.entries(host), [
    ["http://host:5000/v2/team/k8s", options],
    ["https://registry.example.com/v2", options],
  ]);
  t.deepEqual(registryHosts(testCluster(), ["registry.k8s.io"]), []);
});

test("CNI plug-ins find what containerd's environment tells them", (t) => {
  const text = containerdDropIn({ WEAVE_HTTP_ADDR: "127.0.0.1:7784" });
  t.deepEqual(parseUnit(text).get("Service"), [["Environment", "WEAVE_HTTP_ADDR=127.0.0.1:7784"]]);
});

test("a restart of containerd leaves containers alone", (t) => {
  const service = new Map(parseUnit(containerdUnit()).get("Service"));
  t.is(service.get("KillMode"), "process");
  t.is(service.get("Delegate"), "yes");
  t.is(service.get("Type"), "notify");
});
