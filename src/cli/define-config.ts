import { type Command, Option } from "commander";
import { newestKubernetes } from "../kubernetes/versions.ts";
import type { Define } from "./define.ts";

/** `kboot config`, as `kubeadm config` has it. */
export function defineConfig(program: Command, define: Define): void {
  const config = program.command("config").description("work with kubeadm's configuration documents, as kubeadm does");
  definePrint(config, define);
  defineImages(config, define);
  define(
    config,
    "validate",
    "check a file with kubeadm's documents: unknown fields, wrong values, fields that exclude one another",
    "kboot config validate --config kubeadm.yaml",
    async () => (await import("./config/validate.ts")).validateConfig,
  )
    .requiredOption("--config <file>", "the file")
    .option("--allow-deprecated-api", "do not mention documents in a deprecated version");
  define(
    config,
    "migrate",
    "write a file with documents of an older version in the newest, with defaults filled in",
    "kboot config migrate --old-config old.yaml --new-config new.yaml",
    async () => (await import("./config/migrate.ts")).migrateConfig,
  )
    .requiredOption("--old-config <file>", "the file to read")
    .option("--new-config <file>", "the file to write; else it is printed");
}

function definePrint(config: Command, define: Define): void {
  const print = config.command("print").description("print documents with kubeadm's defaults");
  define(
    print,
    "init-defaults",
    "print what kubeadm init uses where nothing is said; the token is none",
    "kboot config print init-defaults --component-configs KubeletConfiguration",
    async () => (await import("./config/print.ts")).printInitDefaults,
  )
    .option("--component-configs <kind,...>", "also those of KubeProxyConfiguration, KubeletConfiguration")
    .option("--kubernetes-version <version>", "for this version of Kubernetes", newestKubernetes);
  for (const kind of ["join", "reset", "upgrade"] as const) {
    define(
      print,
      `${kind}-defaults`,
      `print what kubeadm ${kind} uses where nothing is said`,
      `kboot config print ${kind}-defaults`,
      async () => {
        const { printJoinDefaults, printResetDefaults, printUpgradeDefaults } = await import("./config/print.ts");
        return { join: printJoinDefaults, reset: printResetDefaults, upgrade: printUpgradeDefaults }[kind];
      },
    );
  }
}

function defineImages(config: Command, define: Define): void {
  const images = config.command("images").description("work with the images of a control plane");
  const withChoice = (command: Command) =>
    command
      .option("--config <file>", "a file with kubeadm's documents, which may change versions and repositories")
      .option("--kubernetes-version <version>", "a version, or a label such as stable-1.36", newestKubernetes)
      .option("--image-repository <prefix>", "where the images are (default: registry.k8s.io)");
  withChoice(
    define(
      images,
      "list",
      "print the images that a control plane needs, one a line",
      "kboot config images list --kubernetes-version 1.36.3",
      async () => (await import("./config/images.ts")).listImages,
    ),
  ).addOption(new Option("-o, --output <form>", "how to print them").choices(["text", "json", "yaml"]).default("text"));
  withChoice(
    define(
      images,
      "pull",
      "fetch these images into containerd on this machine, as root",
      "kboot config images pull --config kubeadm.yaml",
      async () => (await import("./config/images.ts")).pullImages,
    ),
  ).option("--cri-socket <path>", "where containerd listens (default: what the file says, else /run/containerd/containerd.sock)");
}
