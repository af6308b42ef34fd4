import test from "ava";
import { kboot } from "../../support/kboot.ts";
import { compare } from "../../support/kubeadm.ts";

const components = ["--component-configs", "KubeProxyConfiguration,KubeletConfiguration"];

for (const [minor, version] of [
  ["1.36", "1.36.3"],
  ["1.37", "1.37.2"],
] as const) {
  compare(
    `the defaults are printed byte for byte as kubeadm ${minor} prints them`,
    async (t, kubeadm) => {
      const [own, theirs] = [
        await kboot("config", "print", "init-defaults", ...components, "--kubernetes-version", `${minor}.0`),
        await kubeadm("config", "print", "init-defaults", ...components),
      ];
      t.is(own.stdout, theirs.stdout);
      for (const kind of ["join", "reset", "upgrade"]) {
        t.is(
          (await kboot("config", "print", `${kind}-defaults`)).stdout,
          (await kubeadm("config", "print", `${kind}-defaults`)).stdout,
          kind,
        );
      }
    },
    version,
  );
}

test("defaults of an unknown component are refused", async (t) => {
  const { exitCode, stderr } = await kboot("config", "print", "init-defaults", "--component-configs", "KubeletConfig");
  t.is(exitCode, 64);
  t.regex(stderr, /^--component-configs: KubeletConfig is not known\nhint: those here are KubeProxyConfiguration, KubeletConfiguration$/m);
});
