import { globSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext, type ImplementationFn } from "ava";
import { execa } from "execa";
import { cacheFolder } from "../components/cache.ts";

/** The real kubeadm, if the components of the tests have been built on this machine. */
const [program] = globSync(join(cacheFolder(), "kubernetes-1.36.3-*", "kubeadm"));

/** How kubeadm ended. */
export interface KubeadmResult {
  readonly exitCode?: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Kubeadm = (...words: readonly string[]) => Promise<KubeadmResult>;

const run: Kubeadm = async (...words) => {
  if (program === undefined) throw new Error("kubeadm is not built");
  return execa(program, words, { reject: false, stripFinalNewline: false });
};

/** A test that compares with the real kubeadm; skipped, under a title that says why, where it is not built. */
export function compare(title: string, body: (t: ExecutionContext, kubeadm: Kubeadm) => Promise<void>): void {
  const implementation: ImplementationFn<[]> = (t) => body(t, run);
  if (program === undefined) test.skip(`${title} (kubeadm is not built here; npm run quickstart builds it)`, implementation);
  else test(title, implementation);
}
