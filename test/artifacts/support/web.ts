import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";

/** A web server on loopback whose files are in memory, with what tests let go wrong. */
export interface Web {
  readonly url: string;
  /** Bytes by path, changed at will. */
  readonly files: Map<string, Buffer>;
  /** `GET /path` of each request, with `from N` where a range was asked for. */
  readonly log: string[];
  /** Paths whose connection is cut after that many bytes of the file, once for each entry. */
  readonly cuts: { readonly path: string; readonly after: number }[];
  /** Paths that want this token, which `/token` gives. */
  token: string | undefined;
  /** What `/token` answers instead of it. */
  tokenAnswer: string | undefined;
}

/** Starts a server that ends with the test. It knows ranges. */
export async function startWeb(t: ExecutionContext): Promise<Web> {
  const web: Web = { url: "", files: new Map(), log: [], cuts: [], token: undefined, tokenAnswer: undefined };
  const server = createServer((request, response) => answer(web, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(web, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function answer(web: Web, request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? "/", web.url);
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  web.log.push(`${request.method} ${pathname}${from > 0 ? ` from ${from}` : ""}`);
  if (web.token !== undefined && pathname === "/token") {
    response.end(web.tokenAnswer ?? JSON.stringify({ token: web.token }));
    return;
  }
  if (web.token !== undefined && request.headers.authorization !== `Bearer ${web.token}`) {
    response.writeHead(401, { "www-authenticate": `Bearer realm="${web.url}/token",service="test",scope="pull"` }).end();
    return;
  }
  const file = pathname.endsWith("/v2/") ? Buffer.from("{}") : web.files.get(pathname);
  if (file === undefined) {
    response.writeHead(404).end("there is no such file");
    return;
  }
  if (from > 0 && from >= file.length) {
    response.writeHead(416).end();
    return;
  }
  const rest = file.subarray(from);
  const range = { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` };
  response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length, ...(from > 0 && range) });
  const cut = web.cuts.findIndex(({ path }) => path === pathname);
  const [where] = cut < 0 ? [] : web.cuts.splice(cut, 1);
  if (where === undefined) response.end(rest);
  else response.write(file.subarray(from, where.after), () => setTimeout(() => response.destroy(), 20));
}
