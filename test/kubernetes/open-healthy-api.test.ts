import test from "ava";
import type { Api } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import type { Host } from "../../src/host/host.ts";
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
function silentHosts(names: readonly string[], asked: string[]): readonly Host[] {
  return names.map((name) => {
    const connect = () => {
      asked.push(name);
      return Promise.reject(new Error("refused"));
    };
    return { name, connect } as unknown as Host;
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
