/** What a flush takes where nobody else works: the limit of whoever keeps a frame before it is sent. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rate } from './steady.ts';

/** As much as SQLite writes ahead for one frame: the pages of its rows and their indexes. */
const bytes = 8 * 4096;
const fileBytes = 4 * 1024 * 1024;

/** Writes and flushes a file of the size that a log has, over and over at a steady rate; what each flush took, in milliseconds. */
export async function timeFlushes({ count, perSecond }: Rate): Promise<readonly number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  const file = await open(join(folder, 'log'), 'w');
  try {
    await file.write(Buffer.alloc(fileBytes));
    await file.datasync();
    const page = Buffer.alloc(bytes, 1);
    const taken: number[] = [];
    const started = performance.now();
    for (let index = 0; index < count; index += 1) {
      const wait = started + (index * 1000) / perSecond - performance.now();
      if (wait > 0) await sleep(wait);
      const before = performance.now();
      await file.write(page, 0, bytes, (index * bytes) % fileBytes);
      await file.datasync();
      taken.push(performance.now() - before);
    }
    return taken;
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}
