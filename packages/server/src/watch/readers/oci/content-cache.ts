/** Manifests and blobs by their digest, which never change: most looks at an image find what the last one found. */

const maxBytes = 32 * 1024 * 1024;
/** Larger ones are read again. */
const maxEntryBytes = 1024 * 1024;

/** Keeps what was used last, up to 32 MiB. */
export class ContentCache {
  readonly #entries = new Map<string, Uint8Array<ArrayBuffer>>();
  #bytes = 0;

  /** `sha256:…`. */
  find(digest: string): Uint8Array<ArrayBuffer> | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    return entry;
  }

  /** Keeps bytes whose digest was verified. */
  keep(digest: string, bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > maxEntryBytes || this.#entries.has(digest)) return;
    this.#entries.set(digest, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= old.length;
    }
  }
}
