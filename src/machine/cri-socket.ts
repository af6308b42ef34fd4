import { KbootError } from "../errors.ts";
import { judgeCriSocket } from "../kubernetes/cri-socket.ts";

/** Throws KbootError `usage` for a socket that is not containerd's. `asker` is the flag or field that names it. */
export function assertContainerd(asker: string, socket: string | undefined): void {
  const wrong = socket === undefined ? undefined : judgeCriSocket(socket);
  if (wrong !== undefined) throw new KbootError("usage", `${asker} ${wrong}`, { hint: "leave it out: kboot needs no telling" });
}
