import test from "ava";
import type { ActionContext, Site } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import { KbootError } from "../../src/errors.ts";
import type { Script } from "../../src/host/host.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { isSaidOf, waitForNode } from "../../src/steps/wait-for-node.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";

test("Ready counts when the kubelet that runs now has said it, in whole seconds", (t) => {
  t.false(isSaidOf({ containerd: 0, kubelet: 100.7 }, 99, true));
  t.true(isSaidOf({ containerd: 0, kubelet: 100.7 }, 100, false));
});

test("of a containerd that started after the kubelet Ready counts when it is said later, or nothing else is for long enough", (t) => {
  const started = { containerd: 500.2, kubelet: 100 };
  t.false(isSaidOf(started, 400, false));
  t.false(isSaidOf(started, 501, false));
  t.true(isSaidOf(started, 506, false));
  t.true(isSaidOf(started, 400, true));
  t.true(isSaidOf({ containerd: 100, kubelet: 500 }, 501, false));
});

const host = testHost({ name: "w1", nodeName: "n1", kubelet: { nodeStatusUpdateFrequency: "0s" } });

function site(isReady: boolean, saidAt = 0): Site<Live> {
  const facts = new Map([["w1", { kubernetes: { kubeletCertificate: "a certificate" } }]]);
  const live = { nodes: new Map([["n1", { isReady, saidAt }]]) };
  return { cluster: testCluster({ hosts: [host] }), facts, live } as unknown as Site<Live>;
}

test("it is not done where containerd or the kubelet restarts in this run, or the node is not Ready", (t) => {
  const isDone = (isReady: boolean, ...changing: string[]) => waitForNode.action?.isDone(site(isReady), "w1", new Set(changing));
  t.true(isDone(true));
  t.true(isDone(true, "file:/etc/hosts"));
  t.false(isDone(false));
  t.false(isDone(true, "systemd-unit:containerd.service"));
  t.false(isDone(true, "systemd-unit:kubelet.service"));
});

test("after a restart of containerd alone an earlier Ready is believed only once the kubelet has had the time to see it", async (t) => {
  const answers = ["2026-11-24T12:00:10Z", "2026-11-24T12:00:00Z"].map((time) => `Started=${Date.parse(time) / 1000}`);
  const nonceOf = ({ body }: Script) => /printf '\\n%s 0 %s\\n' (\w+)/.exec(body)?.[1];
  const run = async (script: Script) => ({
    exitCode: 0,
    stdout: Buffer.from(answers.map((text, index) => `${text}\n${nonceOf(script)} ${index} 0\n`).join("")),
    stderr: "",
  });
  const now = site(true, Date.parse("2026-11-24T12:00:05Z") / 1000);
  const context = {
    site: now,
    host: "w1",
    vault: new Vault(),
    signal: new AbortController().signal,
    reach: () => ({ run }),
    api: async () => {
      throw new KbootError("api", "it does not answer", { transient: true });
    },
    readLive: async () => now.live,
    say: () => {},
  } as unknown as ActionContext<Live>;
  const began = Date.now();
  await waitForNode.action?.run(context);
  const seconds = (Date.now() - began) / 1000;
  t.true(seconds >= 10 && seconds < 14, `${seconds} s`);
});
