import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "undici";
import { isTransient, KbootError } from "../errors.ts";
import { retry } from "../retry.ts";
import { readPieces, sumOf } from "./blob.ts";
import { type Get, noAnswer, patience, reasonOf, refused } from "./http.ts";

export interface Download {
  readonly url: string;
  readonly get: Get;
  /** Hex. */
  readonly sha256: string;
  readonly size: number | undefined;
}

const retries = 4;

/**
 * Brings all bytes into the file `part`, which may hold the beginning of them already, and checks them. What was interrupted is tried
 * again and goes on where it stopped. Throws KbootError `artifact`: transient when it stays interrupted, and then the next call goes on;
 * not so when the sum is wrong, and then the file is gone.
 */
export async function download(wanted: Download, part: string, signal: AbortSignal): Promise<void> {
  try {
    await retry(() => fetchRest(wanted, part, signal), { ...patience, retries, signal });
  } catch (error) {
    throw error instanceof KbootError && isTransient(error) ? interrupted(wanted, await sizeOf(part), error) : error;
  }
  await check(wanted, part);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** One request for what is missing. */
async function fetchRest({ url, get, size }: Download, part: string, signal: AbortSignal): Promise<void> {
  const have = await sizeOf(part);
  if (have > 0 && have === size) return;
  const response = await get(url, { signal, headers: have > 0 ? { range: `bytes=${have}-` } : {} });
  // 416: the beginning is no beginning, or all is there; the sum tells
  if (response.status === 416 && size === undefined) return;
  const from = startOf(response);
  if (from === undefined) {
    await response.body?.cancel();
    if (response.status === 416) await rm(part, { force: true });
    throw response.status === 416 ? restart(url) : refused(url, response.status);
  }
  if (from !== 0 && from !== have) throw restart(url);
  const announced = Number(response.headers.get("content-length") ?? Number.NaN);
  try {
    await pipeline(Readable.fromWeb(response.body ?? new ReadableStream()), createWriteStream(part, { flags: from === 0 ? "w" : "a" }), {
      signal,
    });
  } catch (cause) {
    throw noAnswer(url, cause, signal);
  }
  // an answer that is whole and yet too small is no interruption: the sum tells
  const total = Number.isNaN(announced) ? (size ?? 0) : from + announced;
  if ((await sizeOf(part)) < total) throw noAnswer(url, new Error("the answer ends too early"), signal);
}

/** The offset at which an answer begins; undefined when it is none. */
function startOf(response: Response): number | undefined {
  if (response.status === 200) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  return response.status === 206 && range !== undefined ? Number(range) : undefined;
}

function restart(url: string): KbootError {
  return new KbootError("artifact", `${url} does not go on where it was asked to`, { transient: true });
}

function interrupted({ url }: Download, have: number, cause: KbootError): KbootError {
  return new KbootError("artifact", `the download of ${url} was interrupted after ${have} bytes: ${reasonOf(cause)}`, {
    hint: "run the same command again: it goes on where it stopped",
    cause,
    transient: true,
  });
}

async function check({ url, sha256, size }: Download, part: string): Promise<void> {
  const got = await sumOf(readPieces(part));
  if (got.sha256 === sha256 && (size === undefined || got.size === size)) return;
  await rm(part, { force: true });
  throw new KbootError("artifact-damaged", `${url} is damaged: wanted sha256 ${sha256}, got ${got.sha256} (${got.size} bytes)`, {
    hint: `nothing of it was used; run again, and if it stays so, the source or a proxy on the way gives other bytes than were published: \`curl -fsSL ${url} | sha256sum\``,
  });
}
