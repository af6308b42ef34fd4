import test from "ava";
import { stringify } from "yaml";
import type { Api } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import type { Facts } from "../../src/host/facts.ts";
import type { Host } from "../../src/host/host.ts";
import { administratorAccess, type ReachedControlPlane, reachedControlPlane } from "../../src/kubernetes/administrator.ts";
import { openHealthyApi } from "../../src/kubernetes/open-healthy-api.ts";
import { issueCa } from "../../src/pki/issue.ts";

const { signal } = new AbortController();
const ca = await issueCa({ commonName: "kubernetes", validityDays: 10, now: new Date(), algorithm: "ECDSA-P256" });

function vault(): Vault {
  const made = new Vault();
  made.put("ca", { certificate: ca.certificatePem, key: ca.key });
  return made;
}

/** Control planes to which no connection comes about. */
function silentHosts(names: readonly string[], asked: string[]): readonly ReachedControlPlane[] {
  return names.map((name) => {
    const connect = () => {
      asked.push(name);
      return Promise.reject(new Error("refused"));
    };
    return { host: { name, connect } as unknown as Host, ports: [6443] };
  });
}

test("each control plane is asked in turn, and while none is ready there is no API", async (t) => {
  const asked: string[] = [];
  t.is(await openHealthyApi(silentHosts(["cp1", "cp2"], asked), vault(), signal), undefined);
  t.deepEqual([...new Set(asked)], ["cp1", "cp2"]);
});

test("the first that is ready is taken, and what was opened is used again", async (t) => {
  const probed: string[] = [];
  const api = (name: string, isReady: boolean): Api => {
    const probe = async (path: string) => {
      probed.push(`${name} ${path}`);
      return isReady;
    };
    return { probe } as unknown as Api;
  };
  const opened = new Map([
    ["cp1", api("cp1", false)],
    ["cp2", api("cp2", true)],
    ["cp3", api("cp3", true)],
  ]);
  const asked: string[] = [];
  t.is(await openHealthyApi(silentHosts(["cp1", "cp2", "cp3"], asked), vault(), signal, opened), opened.get("cp2"));
  t.deepEqual([probed, asked], [["cp1 /readyz", "cp2 /readyz"], []]);
});

/** Where a host whose manifest says `secure-port` is connected to, when it listens on `listens` alone. */
async function connectedTo(bindPort: number, securePort: number, listens: number): Promise<readonly number[]> {
  const asked: number[] = [];
  const connect = async (port: number) => {
    asked.push(port);
    if (port !== listens) throw new Error(`${port} refuses`);
  };
  const manifest = stringify({ spec: { containers: [{ command: ["kube-apiserver", `--secure-port=${securePort}`] }] } });
  const facts = { kubernetes: { manifests: { "kube-apiserver": manifest } } } as unknown as Facts;
  const reached = reachedControlPlane({ name: "cp1", connect } as unknown as Host, { bindPort }, facts);
  await (await administratorAccess(reached, vault(), signal)).connect();
  return asked;
}

test("the API server is looked for where the cluster has it, then where its manifest has it", async (t) => {
  t.deepEqual(await connectedTo(7443, 7443, 7443), [7443]);
  t.deepEqual(await connectedTo(6443, 7443, 6443), [6443]);
  t.deepEqual(await connectedTo(6443, 7443, 7443), [6443, 7443]);
  await t.throwsAsync(connectedTo(6443, 7443, 8443), { message: "7443 refuses" });
});
