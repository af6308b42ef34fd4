import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface SlowLink {
  readonly port: number;
  /** How often the client said something after it had heard something, on all connections so far. */
  readonly roundTrips: () => number;
  close(): Promise<void>;
}

/**
 * A TCP proxy on `listen` (an address of this machine) whose bytes arrive `oneWayMs` later, each way, in their order; there is
 * no bound on how many are on their way. */
export async function openSlowLink(
  listen: string,
  target: { readonly address: string; readonly port: number },
  oneWayMs: number,
): Promise<SlowLink> {
  let roundTrips = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    let lastHeard = false;
    const host = connect({ host: target.address, port: target.port, noDelay: true, allowHalfOpen: true });
    for (const socket of [client, host]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => {
        client.destroy();
        host.destroy();
      });
    }
    // a handshake comes first: what the client says arrives after three ways, what the host says after four
    delay(client, host, oneWayMs, 3 * oneWayMs, () => {
      if (lastHeard) roundTrips++;
      lastHeard = false;
    });
    delay(host, client, oneWayMs, 4 * oneWayMs, () => {
      lastHeard = true;
    });
  });
  server.listen(0, listen);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    roundTrips: () => roundTrips,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Hands on what comes, in its order, and nothing before `firstMs` have passed since the connection was asked for. */
function delay(from: Socket, to: Socket, oneWayMs: number, firstMs: number, onArrival: () => void): void {
  const opened = Date.now() + firstMs;
  const queue: { readonly at: number; readonly act: () => void }[] = [];
  const deliver = (): void => {
    for (let next = queue[0]; next !== undefined && next.at <= Date.now(); next = queue[0]) {
      queue.shift();
      next.act();
    }
    if (queue[0] !== undefined) setTimeout(deliver, Math.max(1, queue[0].at - Date.now()));
  };
  const later = (act: () => void) => {
    queue.push({ at: Math.max(Date.now() + oneWayMs, opened), act });
    if (queue.length === 1) setTimeout(deliver, Math.max(1, (queue[0]?.at ?? 0) - Date.now()));
  };
  from.on("data", (bytes) =>
    later(() => {
      onArrival();
      if (to.writable) to.write(bytes);
    }),
  );
  from.once("end", () => later(() => to.end()));
}
