/** What a TUF client keeps between two updates. */

/** One file to keep, or, with `undefined`, to forget. */
export interface MetadataChange {
  /** The name of the role. A name that metadata chose: any text, and never a path. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** Keeps the metadata of one repository, pinned by one root. One client at a time may use it. */
export interface MetadataStore {
  /** What was kept for the role `name`; `undefined`: nothing. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Resolves when all of `changes` are durable; a crash before leaves all or none. */
  write(changes: readonly MetadataChange[]): Promise<void>;
}

/** Keeps downloaded targets by their path, which is any text. What it gives back is verified like a download. */
export interface ArtifactCache {
  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}
