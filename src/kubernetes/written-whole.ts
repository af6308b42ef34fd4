/**
 * Zero values that kubeadm writes since Go writes a type whole, where the field left out means the same (kubeadm/app/componentconfigs,
 * v1.36). Empty ones are not listed: they are equal to nothing everywhere. kboot writes these too, so that its files and ConfigMaps are kubeadm's.
 */
const logging = { flushFrequency: 0, options: { json: { infoBufferSize: "0" }, text: { infoBufferSize: "0" } }, verbosity: 0 };

export const kubeletWrittenWhole = { logging } as const;

export const kubeProxyWrittenWhole = {
  bindAddressHardFail: false,
  clientConnection: { burst: 0, qps: 0 },
  conntrack: { tcpBeLiberal: false },
  enableProfiling: false,
  iptables: { masqueradeAll: false },
  ipvs: { strictARP: false },
  logging,
  nftables: { masqueradeAll: false },
  winkernel: { enableDSR: false, forwardHealthCheckVip: false },
} as const;
