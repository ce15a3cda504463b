/** Backups of a running server: their speed, to reading and hashing the same bytes in one thread. */
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEnvelope } from '../packages/server/src/backup/age/encryption.ts';
import { createKeyPair, parseRecipient } from '../packages/server/src/backup/age/keys.ts';
import { createBackup } from '../packages/server/src/backup/create.ts';
import { parseConfig } from '../packages/server/src/config.ts';
import { openDiskBlobs } from '../packages/server/src/storage/blobs/disk.ts';
import { openDatabase } from '../packages/server/src/storage/database/open.ts';
import { migrate } from '../packages/server/src/storage/migrations/migrate.ts';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';

const files = 20;
const fileBytes = 10_000_000;
const megabytes = (files * fileBytes) / 1e6;
// Each byte is hashed twice, checked (CRC-32), encrypted and written besides: a third is what those leave.
const bar = { kind: 'at least', value: 0.3, unit: ' ×' } as const;

/** 200 MB of files, encrypted to a key. */
export async function measureBackup(): Promise<readonly Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  try {
    return [await measureIn(folder)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureIn(folder: string): Promise<Measurement> {
  const config = parseConfig({ SIGNPOST_DATA: folder });
  const database = await openDatabase(config, { create: true });
  await migrate(database);
  await database.close();
  const blobs = await openDiskBlobs(join(folder, 'blobs'));
  const digests = await writeBlobs(folder, blobs);
  const lock = [parseRecipient(createKeyPair().recipient)];
  const dir = join(folder, 'backups');
  const { ratio, ours, peer } = await compareInRounds({
    rounds: 5,
    ours: async () => {
      const order = { dir, envelope: await createEnvelope(lock), report: () => undefined };
      const started = performance.now();
      const source = { config, blobs, version: 'bench', now: Date.now };
      const made = await createBackup(source, { ...order, signal: new AbortController().signal });
      const seconds = (performance.now() - started) / 1000;
      await rm(made.path);
      return megabytes / seconds;
    },
    peer: async () => {
      const started = performance.now();
      for (const digest of digests) await hashFile(blobs.locate(digest) ?? '');
      return megabytes / ((performance.now() - started) / 1000);
    },
  });
  const detail = `${formatAmount(ours)} MB/s, encrypted, to ${formatAmount(peer)} MB/s of reading and hashing`;
  return { name: 'backup', measured: ratio, bar, detail };
}

async function writeBlobs(folder: string, blobs: Awaited<ReturnType<typeof openDiskBlobs>>): Promise<string[]> {
  const digests: string[] = [];
  for (let index = 0; index < files; index += 1) {
    const bytes = randomFillSync(Buffer.alloc(fileBytes));
    const digest = createHash('sha256').update(bytes).digest('hex');
    const path = join(folder, `blob-${index}`);
    await writeFile(path, bytes);
    await blobs.adopt(path, digest);
    digests.push(digest);
  }
  return digests;
}

async function hashFile(path: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  hash.digest();
}
