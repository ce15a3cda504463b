/** Documents on their way in: each is a file until it is a blob. Nothing of it outlives the process. */
import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../errors.ts';
import type { Blobs } from '../storage/blobs.ts';
import { createId } from '../storage/ids.ts';

/** A document that has come whole. */
export interface SpooledFile {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The folder of documents on their way in. One process works with it. */
export class Spool {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens `folder` and empties it. It must lie on the file system of the blobs. */
  static async open(folder: string): Promise<Spool> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Spool(folder);
  }

  /**
   * Writes `body` to a file and hands it to `use`; afterwards the file is gone, unless it became a blob. Throws
   * `too_large` above `maxBytes`.
   */
  async receive<T>(
    body: AsyncIterable<Uint8Array>,
    { maxBytes, now }: { readonly maxBytes: number; readonly now: number },
    use: (file: SpooledFile) => Promise<T>,
  ): Promise<T> {
    const path = join(this.#folder, createId(now));
    try {
      return await use({ path, ...(await writeBody(path, body, maxBytes)) });
    } finally {
      await rm(path, { force: true });
    }
  }
}

async function writeBody(
  path: string,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ sha256: string; sizeBytes: number }> {
  const file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new Refusal('too_large', `expected at most ${maxBytes} bytes`);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Makes the file a blob, durably; no row may name it before. */
export async function keepFile(blobs: Blobs, { path, sha256 }: SpooledFile): Promise<void> {
  await blobs.adopt(path, sha256);
}
