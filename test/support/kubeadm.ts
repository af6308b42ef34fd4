import { globSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { execa } from "execa";
import { cacheFolder } from "../components/cache.ts";

/** How kubeadm ended. */
export interface KubeadmResult {
  readonly exitCode?: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Kubeadm = (...words: readonly string[]) => Promise<KubeadmResult>;

/** A test that compares with the real kubeadm of a version; skipped, under a title that says why, where it is not built. */
export function compare(title: string, body: (t: ExecutionContext, kubeadm: Kubeadm) => Promise<void>, version = "1.36.3"): void {
  const [program] = globSync(join(cacheFolder(), `kubernetes-${version}-*`, "kubeadm"));
  if (program === undefined) {
    test.skip(`${title} (kubeadm ${version} is not built here; npm run quickstart builds it)`, () => {});
    return;
  }
  test(title, (t) => body(t, (...words) => execa(program, words, { reject: false, stripFinalNewline: false })));
}
