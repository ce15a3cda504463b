/** Files on their way in: `{id}.part` grows as bytes come, `{id}.json` keeps what the uploader said at the start. */
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../../errors.ts';
import { writeDurably } from '../../storage/durable-files.ts';
import { isId } from '../../storage/ids.ts';
import { DigestThreads, type DigestWriter } from '../inspection/digest-threads.ts';
import type { Digests } from '../inspection/digests.ts';
import { BatchBuffers, Intake } from './intake.ts';

/** What the uploader said and the table has no column for. */
export interface UploadNote {
  /** Lower-case hex. */
  readonly sha256?: string;
  readonly changelog?: Readonly<Record<string, string>>;
}

/** Bytes that came, and their digests once there are enough. */
export interface Received {
  readonly offset: number;
  /** Of the whole file, when `offset` is its size. */
  readonly digests: Digests | undefined;
}

/** Uploads whose digests are kept between requests; others are read again from the disk. */
const maxOpenDigests = 64;

/** Where bytes belong. */
interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The folder of files on their way in. One process works with it. */
export class PartFiles {
  readonly #folder: string;
  readonly #busy = new Set<string>();
  readonly #threads: DigestThreads;
  readonly #digests = new Map<string, DigestWriter>();
  readonly #buffers = new BatchBuffers();

  private constructor(folder: string, threads: DigestThreads) {
    this.#folder = folder;
    this.#threads = threads;
  }

  /** Opens `folder`, which is made when it is missing. It must lie on the file system of the blobs. */
  static async open(folder: string, threads: DigestThreads = new DigestThreads()): Promise<PartFiles> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new PartFiles(folder, threads);
  }

  /** Ends the threads that compute digests; what is being sent is refused, and goes on after the next start. */
  async close(): Promise<void> {
    await this.#threads.close();
  }

  /** The path of the bytes of an upload. */
  pathOf(id: string): string {
    return this.#pathOf(id, 'part');
  }

  /** Begins an empty file, durably. */
  async create(id: string, note: UploadNote): Promise<void> {
    await writeDurably(this.#pathOf(id, 'json'), JSON.stringify(note), 'wx');
    await writeDurably(this.pathOf(id), '', 'wx');
  }

  async readNote(id: string): Promise<UploadNote> {
    return JSON.parse(await readFile(this.#pathOf(id, 'json'), 'utf8')) as UploadNote;
  }

  /** How many bytes have come, or undefined when there is no file. */
  async measure(id: string): Promise<number | undefined> {
    const file = await stat(this.pathOf(id)).catch((error: unknown) => {
      if (isCoded(error, 'ENOENT')) return undefined;
      throw error;
    });
    return file?.size;
  }

  /**
   * Appends `body` at `offset`. What has come is durable when this resolves, and also when it rejects because the
   * connection broke, the disk is full or a thread died: the upload goes on from there. Throws `conflict` when somebody
   * else writes (`upload-busy`) or the file has another size (`upload-offset`), `invalid` for more than `sizeBytes`.
   */
  async append(id: string, body: AsyncIterable<Uint8Array>, place: Place): Promise<Received> {
    if (this.#busy.has(id))
      throw new Refusal('conflict', 'somebody else is sending this file', { rule: 'upload-busy' });
    this.#busy.add(id);
    try {
      await this.#assertOffset(id, place.offset);
      const digests = await this.#openDigests(id, place.offset);
      try {
        await this.#write(id, body, { ...place, digests });
        if (digests.size === place.sizeBytes) return { offset: digests.size, digests: await digests.finish() };
      } catch (error) {
        // They may be of more than is on the disk.
        digests.forget();
        throw refuseBroken(error);
      }
      this.#keepDigests(id, digests);
      return { offset: digests.size, digests: undefined };
    } finally {
      this.#busy.delete(id);
    }
  }

  isBusy(id: string): boolean {
    return this.#busy.has(id);
  }

  /** Removes all of an upload. */
  async remove(id: string): Promise<void> {
    this.#dropDigests(id);
    await rm(this.pathOf(id), { force: true });
    await rm(this.#pathOf(id, 'json'), { force: true });
  }

  /** The uploads that have files here whose last byte came before `before`. */
  async listOlderThan(before: number): Promise<string[]> {
    const ids = new Set<string>();
    for (const name of await readdir(this.#folder)) {
      const file = await stat(join(this.#folder, name)).catch(() => undefined);
      const id = name.replace(/\.(?:part|json)$/, '');
      if (file && file.mtimeMs < before && isId(id) && !this.#busy.has(id)) ids.add(id);
    }
    return [...ids];
  }

  #pathOf(id: string, extension: 'part' | 'json'): string {
    // What is no id never becomes a path.
    if (!isId(id)) throw new TypeError('expected the id of an upload');
    return join(this.#folder, `${id}.${extension}`);
  }

  async #assertOffset(id: string, offset: number): Promise<void> {
    const size = await this.measure(id);
    if (size === undefined) throw new Refusal('not_found', 'no such upload');
    if (size === offset) return;
    throw new Refusal('conflict', `expected the bytes from ${size} on, got them from ${offset}`, {
      rule: 'upload-offset',
      hint: 'send the rest from the offset in this answer',
    });
  }

  /** The digests of the bytes that are there. */
  async #openDigests(id: string, offset: number): Promise<DigestWriter> {
    const kept = this.#digests.get(id);
    this.#digests.delete(id);
    if (kept?.size === offset && kept.isAlive) return kept;
    kept?.forget();
    const digests = this.#threads.open();
    try {
      if (offset > 0) await this.#digestFile(id, offset, digests);
      return digests;
    } catch (error) {
      digests.forget();
      throw refuseBroken(error);
    }
  }

  async #digestFile(id: string, offset: number, digests: DigestWriter): Promise<void> {
    const intake = new Intake(this.#buffers, (batch) => digests.write(batch));
    try {
      for await (const chunk of createReadStream(this.pathOf(id), { end: offset - 1 })) await intake.take(chunk);
    } finally {
      await intake.flush();
    }
  }

  #keepDigests(id: string, digests: DigestWriter): void {
    const [oldest] = this.#digests.keys();
    if (this.#digests.size >= maxOpenDigests && oldest !== undefined) this.#dropDigests(oldest);
    this.#digests.set(id, digests);
  }

  #dropDigests(id: string): void {
    this.#digests.get(id)?.forget();
    this.#digests.delete(id);
  }

  async #write(id: string, body: AsyncIterable<Uint8Array>, place: Place & { digests: DigestWriter }): Promise<void> {
    const file = await open(this.pathOf(id), 'r+');
    try {
      await writeBody(body, { ...place, intake: this.#createIntake(file, place) });
    } catch (error) {
      if (error instanceof Refusal && error.rule === 'size-mismatch') await file.truncate(place.offset);
      throw error;
    } finally {
      await file.sync().finally(() => file.close());
    }
  }

  /** Writes each batch to the disk while the digests take it. */
  #createIntake(file: FileHandle, { offset, digests }: { offset: number; digests: DigestWriter }): Intake {
    let position = offset;
    let disk = Promise.resolve();
    return new Intake(this.#buffers, async (batch) => {
      const at = position;
      position += batch.length;
      // One after the other, and none after one that failed: what is on the disk has no holes.
      disk = disk.then(() => writeAt(file, batch, at));
      const both = [disk, digests.write(batch)];
      await Promise.allSettled(both);
      await Promise.all(both);
    });
  }
}

/** What came before an error is written as well. */
async function writeBody(
  body: AsyncIterable<Uint8Array>,
  { offset, sizeBytes, intake }: Place & { intake: Intake },
): Promise<void> {
  let position = offset;
  try {
    for await (const chunk of body) {
      position += chunk.length;
      if (position > sizeBytes) {
        throw new Refusal('invalid', `expected ${sizeBytes} bytes in all, got more`, { rule: 'size-mismatch' });
      }
      await intake.take(chunk);
    }
  } finally {
    await intake.flush();
  }
}

async function writeAt(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    written += (await file.write(chunk, written, chunk.length - written, position + written)).bytesWritten;
  }
}

/** What is not ours to mend is told so that the client goes on later. */
function refuseBroken(error: unknown): unknown {
  if (error instanceof Refusal) return error;
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].some((code) => isCoded(error, code))) {
    const hint = 'make room on the disk of the server, then send the rest';
    return new Refusal('unavailable', 'the disk of the server is full', { rule: 'disk-full', hint, cause: error });
  }
  if (isCoded(error, 'ECONNRESET') || isCoded(error, 'ERR_STREAM_PREMATURE_CLOSE')) {
    return new Refusal('invalid', 'the connection broke', {
      rule: 'upload-broken',
      hint: 'send the rest',
      cause: error,
    });
  }
  return error;
}

function isCoded(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
