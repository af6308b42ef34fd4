import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { getSecurely, getSmall } from "../../artifacts/http.ts";
import { KbootError } from "../../errors.ts";
import { Secret, withoutSecrets } from "../../secret.ts";

export interface DiscoveryFile {
  /** Path or URL, for messages. */
  readonly name: string;
  readonly text: Secret;
  /** Reads a file that this one names; a relative path starts where this file is. Throws KbootError `usage`. */
  readBeside(path: string): Promise<Secret>;
  /** The error for what is wrong in it. */
  fault(what: string, hint: string): KbootError;
}

/** Reads a discovery file: a path, or an `https` URL whose server this machine trusts. Throws KbootError `usage` or `discovery`. */
export async function openDiscoveryFile(file: string, signal: AbortSignal): Promise<DiscoveryFile> {
  return /^\w+:\/\//.test(file) ? openUrl(file, signal) : openPath(file);
}

async function openPath(path: string): Promise<DiscoveryFile> {
  const fault = faultOf(path);
  const read = async (other: string) => {
    const text = await readFile(other, "utf8").catch((cause: Error) => {
      throw fault(`cannot be used: ${cause.message}`, "see `ls -l` of it", cause);
    });
    return new Secret(text);
  };
  return { name: path, text: await read(path), readBeside: (other) => read(resolve(dirname(path), other)), fault };
}

async function openUrl(given: string, signal: AbortSignal): Promise<DiscoveryFile> {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  // a query may be what gives access
  const name = url === undefined ? withoutSecrets(given) : `${url.protocol}//${url.host}${url.pathname}`;
  const fault = faultOf(name);
  if (url?.protocol !== "https:" || url.username !== "") {
    throw fault("is not where it can be fetched from safely", "name a path, or an https URL without user and password");
  }
  const body = await getSmall(url.href, { signal }, getSecurely).catch((error: unknown) => {
    if (!(error instanceof KbootError) || error.code !== "artifact") throw error;
    throw new KbootError("discovery", `the discovery file was not got: ${error.message.replaceAll(url.href, name)}`, {
      hint: "see whether it can be fetched from this machine: curl -I URL; HTTP_PROXY, HTTPS_PROXY and NO_PROXY count",
      cause: error.cause,
    });
  });
  if (body === undefined) throw fault("does not exist there (status 404)", "correct the URL, or put the file there");
  const readBeside = async (path: string) => {
    throw fault(`names the file ${path}, but comes from a web server`, "embed what it names: fields that end in -data, or token");
  };
  return { name, text: new Secret(body.toString("utf8")), readBeside, fault };
}

function faultOf(name: string) {
  return (what: string, hint: string, cause?: unknown) =>
    new KbootError("usage", `the discovery file ${name} ${what}`, { where: { file: name }, hint, cause });
}
