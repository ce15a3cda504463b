/** Documents on their way in: each is a file until it is a blob. Nothing of it outlives the process. */
import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../errors.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/database.ts';
import { noteDiscarded } from '../storage/discarded-blobs.ts';
import { createId } from '../storage/ids.ts';
import { violationOf } from '../storage/violation.ts';

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

/** Where files become blobs. */
export interface Keeping {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly now: () => number;
}

/** Makes the file a blob, durably; no row may name it before. The caller has a day to name it in one: else it is freed by the clock. */
export async function keepFile({ database, blobs, now }: Keeping, { path, sha256 }: SpooledFile): Promise<void> {
  await database.transaction((tx) => noteDiscarded(tx, [sha256], now()));
  await blobs.adopt(path, sha256);
}

/** The same for bytes that are in memory. */
export async function keepBytes(
  { spool, ...keeping }: Keeping & { readonly spool: Spool },
  bytes: Uint8Array,
): Promise<Pick<SpooledFile, 'sha256' | 'sizeBytes'>> {
  const body = (async function* () {
    yield bytes;
  })();
  return spool.receive(body, { maxBytes: bytes.length, now: keeping.now() }, async (file) => {
    await keepFile(keeping, file);
    return { sha256: file.sha256, sizeBytes: file.sizeBytes };
  });
}

/** Throws `conflict`, rule `evidence-target-gone`, for a row about something that was deleted meanwhile. */
export function explainGone(error: unknown): never {
  if (violationOf(error) !== 'foreign_key') throw error;
  throw new Refusal('conflict', 'what this is about was deleted meanwhile', {
    ...{ rule: 'evidence-target-gone', cause: error },
  });
}
