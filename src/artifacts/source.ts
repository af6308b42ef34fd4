import type { StoredFile, StoredImage } from "../engine/contracts.ts";
import type { Blob } from "./blob.ts";

/** A file that a cluster needs: its name and version decide it, for an architecture. */
export interface WantedFile {
  readonly name: string;
  readonly version: string;
}

/** What a cluster needs of its sources, whatever the architecture. */
export interface Wanted {
  readonly files: readonly WantedFile[];
  /** Full names with tag. */
  readonly images: readonly string[];
}

export interface FoundFile extends Omit<StoredFile, "payload" | "members"> {
  readonly blob: Blob;
  /** A member that is the whole file has its size. */
  readonly members: readonly {
    readonly path: string;
    readonly mode: string;
    readonly sha256: string;
    readonly size?: number | undefined;
  }[];
}

export interface FoundImage extends Omit<StoredImage, "blobs"> {
  readonly architecture: string;
  /** Of its manifest. */
  readonly mediaType: string;
  /** Its manifest, configuration and layers. */
  readonly blobs: readonly Blob[];
}

/** One of the places where artifacts come from. Looking for a thing gives undefined where the source has none; it throws where it cannot tell. */
export interface Source {
  /** For messages: `mirror http://10.0.0.1/kboot`. */
  readonly label: string;
  /** URLs that answer a host which can fetch from here for itself. */
  readonly probes: readonly string[];
  file(wanted: WantedFile, architecture: string, signal: AbortSignal): Promise<FoundFile | undefined>;
  image(name: string, architecture: string, signal: AbortSignal): Promise<FoundImage | undefined>;
}
