import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { join, normalize } from "node:path";

/** A web server on the lab's network that some hosts cannot reach: their connections are cut. */
export interface Door {
  /** `192.168.57.1:40123` */
  readonly address: string;
  /** `ADDRESS METHOD PATH` of each request. */
  readonly log: string[];
  /** Addresses that are turned away. */
  readonly refused: Set<string>;
  stop(): void;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function openDoor(host: string, answer: Answer): Promise<Door> {
  const log: string[] = [];
  const refused = new Set<string>();
  const server: Server = createServer((asked, response) => {
    log.push(`${asked.socket.remoteAddress} ${asked.method} ${asked.url}`);
    answer(asked, response);
  });
  server.on("connection", (socket) => {
    if (refused.has(socket.remoteAddress ?? "")) socket.destroy();
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { address: `${host}:${port}`, log, refused, stop: () => server.close() };
}

/** Serves the files below a folder, and below `/v2/` what another server of this machine has there. */
export function serveFolder(host: string, folder: string, registry?: string): Promise<Door> {
  return openDoor(host, (asked, response) => {
    if (registry !== undefined && asked.url?.startsWith("/v2/")) return forward(asked, response, `${registry}${asked.url}`);
    const path = join(folder, normalize(new URL(asked.url ?? "/", "http://door").pathname));
    stat(path).then(
      ({ size }) => createReadStream(path).pipe(response.writeHead(200, { "content-length": size })),
      () => response.writeHead(404).end(),
    );
  });
}

/** Passes requests on to another server of this machine. */
export function passOn(host: string, to: string): Promise<Door> {
  return openDoor(host, (asked, response) => forward(asked, response, `${to}${asked.url}`));
}

/** An HTTP proxy: clients name the whole URL. */
export function openProxy(host: string): Promise<Door> {
  return openDoor(host, (asked, response) => forward(asked, response, asked.url ?? ""));
}

function forward(asked: IncomingMessage, response: ServerResponse, url: string): void {
  const onward = request(url, { method: asked.method, headers: asked.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  asked.pipe(onward);
}
