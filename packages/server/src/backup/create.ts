/** Makes a backup of a server, running or not: a snapshot, an archive over it, encrypted as it is written. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Blobs } from '../storage/blobs.ts';
import { openSnapshot } from '../storage/portable/snapshot.ts';
import { type Envelope, encrypt } from './age/encryption.ts';
import { type BackupProgress, composeBackup } from './archive/compose.ts';
import type { Manifest } from './archive/manifest.ts';
import { openBackupWork } from './folder.ts';
import { describeSettings } from './settings.ts';

/** What a backup is made from. */
export interface BackupSource {
  readonly config: Config;
  readonly blobs: Blobs;
  readonly version: string;
  readonly now: () => number;
}

/** How a backup is made. */
export interface BackupOrder {
  /** Where it shall appear. */
  readonly dir: string;
  /** Undefined: not encrypted. */
  readonly envelope: Envelope | undefined;
  readonly report: (progress: BackupProgress) => void;
  /** Aborted when the work shall end; nothing is left of it then. */
  readonly signal: AbortSignal;
}

/** A backup that was made. */
export interface MadeBackup {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly manifest: Manifest;
}

const batchBytes = 1024 * 1024;

/** Makes a backup; it is durable and under its name when this returns. Throws `unavailable` when database or files are damaged. */
export async function createBackup(
  { config, blobs, version, now }: BackupSource,
  order: BackupOrder,
): Promise<MadeBackup> {
  const { dir, envelope, report, signal } = order;
  const work = await openBackupWork(dir, config.dataDir);
  try {
    const snapshot = await openSnapshot(config, work.dir);
    try {
      const madeAt = now();
      const { bytes, manifest } = composeBackup(
        {
          ...{ snapshot, blobs, madeAt, serverVersion: version, settings: describeSettings(config) },
          engine: config.databaseUrl === undefined ? 'sqlite' : 'postgres',
        },
        report,
      );
      const written = await writeArchive(work.path, envelope ? encrypt(envelope, bytes) : bytes, signal);
      const made = manifest();
      await snapshot.close();
      const name = await work.publish(madeAt, envelope !== undefined);
      return { name, path: join(dir, name), ...written, manifest: made };
    } finally {
      await snapshot.close();
    }
  } catch (error) {
    await work.discard();
    throw error;
  }
}

async function writeArchive(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<{ sizeBytes: number; sha256: string }> {
  const file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const batch of inBatches(bytes)) {
      signal.throwIfAborted();
      hash.update(batch);
      sizeBytes += batch.length;
      // While one batch is on its way to the disk, the other is being filled.
      await writing;
      writing = file.writeFile(batch);
      // It may fail before anybody waits for it, which Node takes for a reason to end the process.
      writing.catch(() => undefined);
    }
    await writing;
  } finally {
    await writing.catch(() => undefined);
    await file.close();
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

/**
 * Many small pieces as few large ones: a call to the system for each header would cost more than the bytes. A batch keeps
 * its bytes until the one after the next is asked for.
 */
async function* inBatches(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [batch, free] = [Buffer.allocUnsafeSlow(batchBytes), Buffer.allocUnsafeSlow(batchBytes)];
  let filled = 0;
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + batchBytes - filled);
      batch.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < batchBytes) continue;
      yield batch;
      [batch, free] = [free, batch];
      filled = 0;
    }
  }
  if (filled > 0) yield batch.subarray(0, filled);
}
