/** Local files and streams: size and SHA-256, and writing only what was verified. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { StreamingHash } from '@signpost/protocol/bytes/sha256';
import type { DownloadSink } from '@signpost/protocol/client/download';
import { Failure } from '../terminal/failure.ts';
import { syncFolder } from './atomic-write.ts';

/** What a file is, by content. */
export interface FileFacts {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Size and digest of the file at `path`. Throws Failure when it cannot be read. */
export async function readFileFacts(path: string): Promise<FileFacts> {
  const status = await stat(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
  if (!status.isFile()) throw new Failure('refused', `${path} is not a file`);
  return digestChunks(createReadStream(path));
}

/** Size and digest of everything that `chunks` yields. */
export async function digestChunks(chunks: AsyncIterable<Uint8Array>): Promise<FileFacts> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** The platform's SHA-256, for the protocol's downloads. */
export function createNodeSha256(): StreamingHash {
  const hash = createHash('sha256');
  return {
    update: (chunk: Uint8Array) => {
      hash.update(chunk);
    },
    digestHex: () => hash.digest('hex'),
  };
}

/** A sink that shows `path` only once everything was verified: a temporary file beside it, synced, then renamed. */
export async function openFileSink(path: string, mode = 0o644): Promise<DownloadSink> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  const file = await open(temporary, 'wx', mode);
  let closed = false;
  const close = async () => {
    if (!closed) await file.close();
    closed = true;
  };
  return {
    write: async (chunk) => {
      await file.appendFile(chunk);
    },
    commit: async () => {
      await file.sync();
      await close();
      await rename(temporary, path);
      await syncFolder(dirname(path));
    },
    abort: async () => {
      await close();
      await unlink(temporary);
    },
  };
}
