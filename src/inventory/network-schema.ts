import { choice, extraArgs, fields, flag, integer, list, text } from "./fields.ts";
import { judgeInterface, judgeSubnet } from "./subnet.ts";
import { judgeAddress, judgeAllocation, judgeListener, judgePath, judgeRepository, judgeVersion } from "./syntax.ts";

const images = {
  version: text(judgeVersion).optional(),
  registry: text(judgeRepository).optional(),
};

const flannel = {
  ...images,
  backend: choice(["vxlan", "host-gw"]).optional(),
};

const weaveNet = {
  ...images,
  mtu: integer(576, 65535).optional(),
  encryption: flag().optional(),
  passwordFile: text(judgePath).optional(),
  trustedSubnets: list(text(judgeSubnet)).optional(),
  networkPolicy: flag().optional(),
  fastDatapath: flag().optional(),
  hairpinMode: flag().optional(),
  noMasqLocal: flag().optional(),
  connectionLimit: integer(1, 65535).optional(),
  ipallocInit: text(judgeAllocation).optional(),
  peers: list(text(judgeAddress)).optional(),
  exposeAddress: text(judgeInterface).optional(),
  httpAddress: text(judgeListener).optional(),
  metricsAddress: text(judgeListener).optional(),
  statusAddress: text(judgeListener).optional(),
  iptablesBackend: choice(["nft", "legacy"]).optional(),
  checkForUpdates: flag().optional(),
  debug: flag().optional(),
  extraArgs: extraArgs.optional(),
  policyExtraArgs: extraArgs.optional(),
};

/** The options that each pod network knows. */
export const networkOptions = { "weave-net": weaveNet, flannel, none: {} } as const;

/** `spec.network`. Which options have a meaning together with which plug-in is a rule of its own. */
export const network = fields({ plugin: choice(["weave-net", "flannel", "none"]).optional(), ...flannel, ...weaveNet });
