/** Files that grow: cut anyhow, broken off anywhere, and with threads that die. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { DigestThreads } from '../../../src/releases/inspection/digest-threads.ts';
import type { Digests } from '../../../src/releases/inspection/digests.ts';
import { BatchBuffers, Intake } from '../../../src/releases/uploads/intake.ts';
import { PartFiles } from '../../../src/releases/uploads/part-files.ts';
import { createId } from '../../../src/storage/ids.ts';
import { stream } from './workshop.ts';

const bytes = randomBytes(3_000_000);

function digest(whole: Uint8Array): Digests {
  const names = ['sha1', 'sha256', 'sha384', 'sha512', 'blake2b512'] as const;
  const entries = names.map((name) => [name, createHash(name).update(whole).digest('hex')]);
  return Object.fromEntries(entries) as unknown as Digests;
}

/** The bytes from `offset` on, and a broken connection after `length`. */
async function* breakOff(offset: number, length: number): AsyncGenerator<Buffer> {
  yield* stream(bytes.subarray(offset, offset + length), 65_536);
  throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
}

suite('a file that grows', () => {
  let folder: string;
  let threads: DigestThreads;
  let parts: PartFiles;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signpost-parts-'));
    threads = new DigestThreads();
    parts = await PartFiles.open(folder, threads);
  });
  after(async () => {
    await parts.close();
    await rm(folder, { recursive: true });
  });
  async function create(): Promise<string> {
    const id = createId(Date.now());
    await parts.create(id, {});
    return id;
  }
  const sizeBytes = bytes.length;

  test('has the digests of node:crypto, however it is cut, sent in parts and broken off', async () => {
    const step = fc.record({ length: fc.nat({ max: 1_200_000 }), piece: fc.integer({ min: 5_000, max: 700_000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ step, broken: fc.boolean() }), { maxLength: 5 }), async (sendings) => {
        const id = await create();
        let offset = 0;
        for (const { step: next, broken } of sendings) {
          const length = Math.min(next.length, sizeBytes - 1 - offset);
          if (broken) {
            await assert.rejects(parts.append(id, breakOff(offset, length), { offset, sizeBytes }), {
              rule: 'upload-broken',
            });
          } else {
            await parts.append(id, stream(bytes.subarray(offset, offset + length), next.piece), { offset, sizeBytes });
          }
          offset += length;
          assert.equal(await parts.measure(id), offset, 'what came before the end is there');
        }
        const { digests } = await parts.append(id, stream(bytes.subarray(offset), 65_536), { offset, sizeBytes });
        assert.deepEqual(digests, digest(bytes));
        assert.ok((await readFile(parts.pathOf(id))).equals(bytes));
        await parts.remove(id);
      }),
      { numRuns: 15 },
    );
  });

  test('whose thread dies fails cleanly, keeps what came, and goes on with new threads', async () => {
    const id = await create();
    async function* interrupted() {
      yield* stream(bytes.subarray(0, 1_500_000), 65_536);
      await threads.close();
      yield* stream(bytes.subarray(1_500_000), 65_536);
    }
    await assert.rejects(parts.append(id, interrupted(), { offset: 0, sizeBytes }), {
      ...{ code: 'unavailable', rule: 'digests-failed' },
    });
    const offset = (await parts.measure(id)) ?? 0;
    assert.ok(offset >= 1_500_000 && offset <= sizeBytes, `${offset} bytes are kept`);
    assert.ok((await readFile(parts.pathOf(id))).equals(bytes.subarray(0, offset)), 'without a hole');
    const { digests } = await parts.append(id, stream(bytes.subarray(offset)), { offset, sizeBytes });
    assert.deepEqual(digests, digest(bytes));
  });

  test('goes on when its threads died between two parts', async () => {
    const id = await create();
    await parts.append(id, stream(bytes.subarray(0, 1_000_000), 65_536), { offset: 0, sizeBytes });
    await threads.close();
    const rest = stream(bytes.subarray(1_000_000), 65_536);
    const { digests } = await parts.append(id, rest, { offset: 1_000_000, sizeBytes });
    assert.deepEqual(digests, digest(bytes));
  });

  test('is not harmed by another one that is broken off or given up meanwhile', async () => {
    const [kept, broken, given] = [await create(), await create(), await create()];
    await parts.append(given, stream(bytes.subarray(0, 70_000)), { offset: 0, sizeBytes });
    const [whole, failure] = await Promise.allSettled([
      parts.append(kept, stream(bytes, 65_536), { offset: 0, sizeBytes }),
      parts.append(broken, breakOff(0, 1_000_000), { offset: 0, sizeBytes }),
      parts.remove(given),
    ]);
    assert.deepEqual(whole.status === 'fulfilled' && whole.value.digests, digest(bytes));
    assert.equal(failure.status, 'rejected');
  });
});

suite('the intake', () => {
  test('lets a sender wait who is faster than the disk, and holds few batches', async (t) => {
    const waiting: (() => void)[] = [];
    const intake = new Intake(new BatchBuffers(), () => new Promise((resolve) => waiting.push(resolve)));
    let taken = 0;
    const sending = (async () => {
      for await (const piece of stream(Buffer.alloc(20_000_000), 65_536)) {
        await intake.take(piece);
        taken += piece.length;
      }
      await intake.flush();
    })();
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    assert.ok(taken <= 3_000_000, `${taken} bytes were taken while nothing was written`);
    const writer = setInterval(() => waiting.shift()?.(), 0);
    t.after(() => clearInterval(writer));
    await sending;
    assert.equal(taken, 20_000_000);
  });

  test('rejects when a batch is not written, after all others have ended', async () => {
    let ended = 0;
    const intake = new Intake(new BatchBuffers(), async (batch) => {
      if (batch[0] === 1) throw new Error('no room');
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      ended += 1;
    });
    const batch = 512 * 1024;
    for (const first of [0, 1, 2]) await intake.take(Buffer.alloc(batch, first));
    await intake.take(Buffer.alloc(1, 3));
    await assert.rejects(intake.flush(), /no room/);
    assert.equal(ended, 3);
  });
});
