import { readKubeadmDocuments } from "./documents.ts";

interface Options {
  readonly config: string;
  readonly allowDeprecatedApi?: boolean;
}

/** `kboot config validate --config FILE` */
export async function validateConfig(given: Record<string, unknown>): Promise<void> {
  const { config, allowDeprecatedApi } = given as unknown as Options;
  const { deprecated } = await readKubeadmDocuments(config);
  for (const kind of allowDeprecatedApi ? [] : deprecated) {
    process.stderr.write(`${config}: ${kind} is written in a deprecated version; kboot config migrate --old-config ${config}\n`);
  }
  process.stdout.write("ok\n");
}
