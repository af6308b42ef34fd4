import { criSocket } from "./paths.ts";

/** The ways to write it: with or without a scheme, and /var/run is /run. */
const spellings = /^(unix:\/\/)?(\/var)?\/run\/containerd\/containerd\.sock$/;

/** What is wrong with a container runtime's socket that somebody asks for: kboot's nodes run containerd, which listens where it does by default. */
export function judgeCriSocket(socket: string): string | undefined {
  return spellings.test(socket)
    ? undefined
    : `is ${socket}; kboot installs containerd, or uses the host's, and its kubelet finds that at ${criSocket} alone`;
}
