import test from "ava";
import { removeTraces } from "../../src/host/remove-traces.ts";
import { stopNode } from "../../src/kubernetes/stop-node.ts";
import { flannelTraces } from "../../src/network/flannel/traces.ts";
import { weaveTraces } from "../../src/network/weave-net/traces.ts";
import { inSandbox } from "./support/sandbox.ts";

/** What others have on the host, each a near miss of something of a pod network's. */
const foreign = `
for tool in iptables-nft iptables-legacy; do
  $tool -w -N KUBE-FORWARD
  $tool -w -N WEAVER
  $tool -w -N FLANNEL
  $tool -w -A FORWARD -m comment --comment "-j WEAVE-NPC is what others do, and -o weave" -j KUBE-FORWARD
  $tool -w -A FORWARD -o weave1 -j WEAVER
  $tool -w -A FORWARD -i cni01 -j FLANNEL
  $tool -w -A INPUT -d 127.0.0.1/32 -p tcp --dport 6784 -j ACCEPT
  $tool -w -t nat -A POSTROUTING -s 172.16.0.0/12 -j MASQUERADE
  $tool -w -t mangle -A PREROUTING -m mark --mark 0x20000/0x20000 -j ACCEPT
done
ipset create mine hash:ip
ipset create weaver hash:ip
ipset add mine 192.0.2.1
ip link add weave1 type bridge
ip link add vethmine type veth peer name vethours
ip link add flannel.2 type vxlan id 9 dev lo dstport 4789
ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 proto udp dir out mark 0x1 mask 0x1 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 7 mode transport
ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.3/32 proto udp dir out tmpl src 192.0.2.1 dst 192.0.2.3 proto esp spi 8 mode transport
mkdir -p /var/lib/weaver /etc/cni/net.d /opt/cni/bin /run/flannels /var/lib/cni/networks/mine
touch /var/lib/weaver/data /etc/cni/net.d/20-mine.conflist /opt/cni/bin/portmap /opt/cni/bin/weave /opt/cni/bin/flannel2
`;

/** As weaver, weave-npc and their scripts do (v2.9.0), in the back end that each argument names. */
const weave = (tools: string) => `
ip link add weave type bridge
ip link add vethwe-bridge type veth peer name vethwe-pcap
ip link add vethwepl12ab type veth peer name eth0pod
ip link add vxlan-6784 type vxlan id 1 dev lo dstport 6784
ipset create weaver-no-masq-local hash:net
ipset create 'weave-;rLgv?O)p?L9=Rd|' hash:ip
ipset create 'weave-k?Z;25^M}|1s7P3|' hash:ip
ipset create 'weave-E.1.0W^NGSp]0_t5' list:set
ipset add 'weave-E.1.0W^NGSp]0_t5' 'weave-k?Z;25^M}|1s7P3|'
for tool in ${tools}; do
  for chain in WEAVE-NPC WEAVE-NPC-DEFAULT WEAVE-NPC-INGRESS WEAVE-NPC-EGRESS WEAVE-NPC-EGRESS-DEFAULT WEAVE-NPC-EGRESS-CUSTOM WEAVE-NPC-EGRESS-ACCEPT WEAVE-EXPOSE WEAVE-CANARY WEAVE-KUBE-TEST; do
    $tool -w -N $chain
  done
  $tool -w -A INPUT -p tcp --dst 127.0.0.1 --dport 6784 -m addrtype ! --src-type LOCAL -m conntrack ! --ctstate RELATED,ESTABLISHED -m comment --comment "Block non-local access to Weave Net control port" -j DROP
  $tool -w -A INPUT -i weave -j WEAVE-NPC-EGRESS
  $tool -w -I FORWARD 1 -i weave -m comment --comment "NOTE: this must go before '-j KUBE-FORWARD'" -j WEAVE-NPC-EGRESS
  $tool -w -I FORWARD 2 -o weave -m comment --comment "NOTE: this must go before '-j KUBE-FORWARD'" -j WEAVE-NPC
  $tool -w -I FORWARD 3 -o weave -m state --state NEW -j NFLOG --nflog-group 86
  $tool -w -I FORWARD 4 -o weave -j DROP
  $tool -w -A FORWARD -i weave ! -o weave -j ACCEPT
  $tool -w -A FORWARD -o weave -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  $tool -w -A WEAVE-NPC -m state --state NEW -j WEAVE-NPC-DEFAULT
  $tool -w -A WEAVE-NPC -m state --state NEW -j WEAVE-NPC-INGRESS
  $tool -w -A WEAVE-NPC-DEFAULT -m set --match-set 'weave-;rLgv?O)p?L9=Rd|' dst -m comment --comment "DefaultAllow ingress isolation for namespace: default" -j ACCEPT
  $tool -w -A WEAVE-NPC-EGRESS -m state --state NEW -j WEAVE-NPC-EGRESS-DEFAULT
  $tool -w -A WEAVE-NPC-EGRESS -m state --state NEW -m mark ! --mark 0x40000/0x40000 -j WEAVE-NPC-EGRESS-CUSTOM
  $tool -w -A WEAVE-NPC-EGRESS-ACCEPT -j MARK --set-xmark 0x40000/0x40000
  for chain in WEAVE WEAVE-CANARY; do $tool -w -t nat -N $chain; done
  $tool -w -t nat -A POSTROUTING -j WEAVE
  $tool -w -t nat -A WEAVE -m set --match-set weaver-no-masq-local dst -m comment --comment "Prevent SNAT to locally running containers" -j RETURN
  $tool -w -t nat -A WEAVE -s 10.32.0.0/12 -d 224.0.0.0/4 -j RETURN
  for chain in WEAVE-CANARY WEAVE-IPSEC-IN WEAVE-IPSEC-IN-MARK; do $tool -w -t mangle -N $chain; done
  $tool -w -t mangle -A INPUT -j WEAVE-IPSEC-IN
  $tool -w -t mangle -A WEAVE-IPSEC-IN-MARK -j MARK --set-xmark 0x20000/0x20000
done
ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 proto udp dir out mark 0x20000 mask 0x20000 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x123 mode transport
mkdir -p /var/lib/weave
touch /var/lib/weave/weave-netdata.db /etc/cni/net.d/10-weave.conflist /opt/cni/bin/weave-plugin-latest
ln -s weave-plugin-latest /opt/cni/bin/weave-net
ln -s weave-plugin-latest /opt/cni/bin/weave-ipam
`;

/** As flanneld and its CNI plug-in do (v0.26). */
const flannel = (tools: string) => `
ip link add flannel.1 type vxlan id 1 dev lo dstport 8472
ip link add cni0 type bridge
for tool in ${tools}; do
  $tool -w -N FLANNEL-FWD
  $tool -w -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
  $tool -w -A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
  $tool -w -t nat -N FLANNEL-POSTRTG
  $tool -w -t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
  $tool -w -t nat -A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
done
mkdir -p /run/flannel /var/lib/cni/flannel /var/lib/cni/networks/cbr0
touch /run/flannel/subnet.env /etc/cni/net.d/10-flannel.conflist /opt/cni/bin/flannel
`;

/** Everything that there is, under the name of a moment. */
const look = (moment: string) => `
echo "== ${moment}"
{
  for tool in iptables-nft-save iptables-legacy-save; do $tool | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'; done
  ipset save
  ip -o link | cut -d: -f2 | cut -d@ -f1
  ip xfrm policy
  find /var/lib /etc/cni /opt /run ! -name xtables.lock | sort
} 2>&1
`;

/** What was seen at each moment. */
async function moments(script: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await inSandbox(script);
  return new Map(
    text.split(/^== /m).map((part) => {
      const [moment = "", ...lines] = part.trimEnd().split("\n");
      return [moment, lines] as const;
    }),
  );
}

const both = "iptables-nft iptables-legacy";

for (const [name, traces, make] of [
  ["Weave Net", weaveTraces, weave],
  ["Flannel", flannelTraces, flannel],
] as const) {
  test(`what ${name} leaves on a host is removed by name, beside all that others have, and once more without harm`, async (t) => {
    const removal = `(\n${removeTraces(traces)})`;
    const steps = [foreign, look("before"), make(both), look("with"), removal, look("after"), removal, look("again")];
    const seen = await moments(steps.join("\n"));
    const before = seen.get("before") ?? [];
    t.true(before.length > 50);
    t.true((seen.get("with") ?? []).length > before.length + 15);
    t.deepEqual(seen.get("after"), before);
    t.deepEqual(seen.get("again"), before);
  });
}

test("tables of iptables' new back end that held only what is removed go with it, an empty one of others stays", async (t) => {
  const others =
    "mkdir -p /etc/cni/net.d /opt/cni/bin\niptables-nft -w -t raw -N MINE\niptables-nft -w -t raw -X MINE\nip6tables-nft -w -N MINE\nip6tables-nft -w -X MINE";
  const removal = `(\n${removeTraces(flannelTraces)})`;
  const tables = (moment: string) => `echo "== ${moment}"; nft list tables`;
  const seen = await moments(
    [others, flannel("iptables-nft"), tables("with"), removal, tables("after"), removal, tables("again")].join("\n"),
  );
  t.deepEqual(seen.get("with"), ["table ip raw", "table ip6 filter", "table ip filter", "table ip nat"]);
  t.deepEqual(seen.get("after"), ["table ip raw", "table ip6 filter"]);
  t.deepEqual(seen.get("again"), ["table ip raw", "table ip6 filter"]);
});

test("containers that are not the cluster's are not ended, nor the containerd in which they run", async (t) => {
  const stub = `mkdir -p /usr/bin
cat > /usr/bin/ctr <<'END'
#!/bin/sh
echo "ctr $*" >> /calls
case "$*" in
  "namespaces ls -q") printf 'k8s.io\\nmine\\n' ;;
  "-n mine tasks ls -q") echo web ;;
  "-n k8s.io tasks ls -q") cat /run/tasks 2>/dev/null || true ;;
  *images\\ mount*) exit 1 ;;
esac
END
printf '#!/bin/sh\\necho "systemctl $*" >> /calls\\n' > /usr/bin/systemctl
chmod 0755 /usr/bin/ctr /usr/bin/systemctl
echo pod > /run/tasks`;
  const noTraces = { links: [], chains: [], ruleComments: [], ipsets: [], nftTables: [], xfrmMarks: [], paths: ["/run/containerd"] };
  const stop = stopNode({ kubelet: false, runtime: true, toolsImage: "kube-proxy", traces: noTraces });
  const run = `mkdir -p /run/containerd\n(\nset +e\n${stop})\nls -d /run/containerd`;
  const text = await inSandbox(`${stub}\n${run}\nrm /run/tasks\n${run}\necho "== calls"\ncat /calls`);
  const [said = "", calls = ""] = text.split("== calls\n");
  t.is(
    said.trim(),
    ["k8s.io", "mine"]
      .map((name) => `left: containerd.service, since containers of others run in its namespace ${name}\n/run/containerd`)
      .join("\n"),
  );
  t.notRegex(calls, /kill|tasks rm|containers rm|systemctl stop/);
});

test("where the tools are absent files go all the same, and nothing fails", async (t) => {
  const tools = ["iptables", "iptables-nft", "iptables-legacy", "ipset", "ip"];
  const script = `mkdir -p /var/lib/weave /opt/cni/bin && touch /opt/cni/bin/portmap\n(\n${removeTraces(weaveTraces)})\nls /var/lib /opt/cni/bin`;
  const text = await inSandbox(script, { without: tools });
  t.false(text.includes("weave"), text);
  t.true(text.includes("portmap"));
});

test("what cannot be removed is told", async (t) => {
  const script = `ipset create weave-in-use hash:ip
ipset create mine list:set
ipset add mine weave-in-use
(\n${removeTraces(weaveTraces)}) 2>&1`;
  t.regex(await inSandbox(script), /^left: ipset weave-in-use$/m);
});
