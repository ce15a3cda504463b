/** All five digests in one pass, in threads. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { DigestThreads, type DigestWriter } from '../../../src/releases/inspection/digest-threads.ts';
import type { SharedBytes } from '../../../src/releases/inspection/digests.ts';

function openThreads(t: TestContext): DigestThreads {
  const threads = new DigestThreads();
  t.after(() => threads.close());
  return threads;
}

function share(bytes: Uint8Array): SharedBytes {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

async function writeAll(writer: DigestWriter, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) await writer.write(share(chunk));
}

test('the digests of "abc" are those of the standards', async (t) => {
  const writer = openThreads(t).open();
  await writer.write(share(Buffer.from('abc')));
  // FIPS 180-4 examples; RFC 7693, appendix A.
  assert.deepEqual(await writer.finish(), {
    sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    sha384: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    sha512:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    blake2b512:
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  });
});

test('the digests are those of node:crypto, however the bytes are cut and whatever is digested beside them', async (t) => {
  const threads = openThreads(t);
  const file = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
      const writers = files.map(() => threads.open());
      await Promise.all(writers.map((writer, index) => writeAll(writer, files[index] ?? [])));
      for (const [index, writer] of writers.entries()) {
        const whole = Buffer.concat(files[index] ?? []);
        assert.equal(writer.size, whole.length);
        for (const [name, digest] of Object.entries(await writer.finish()))
          assert.equal(digest, createHash(name).update(whole).digest('hex'), name);
      }
    }),
    { numRuns: 50 },
  );
});

test('a file that is given up harms no other', async (t) => {
  const threads = openThreads(t);
  const [given, kept] = [threads.open(), threads.open()];
  await given.write(share(Buffer.from('x')));
  given.forget();
  await kept.write(share(Buffer.from('abc')));
  assert.equal((await kept.finish()).sha1, 'a9993e364706816aba3e25717850c26c9cd0d89d');
});

test('threads that have died fail what they had in hand, and the next file gets new ones', async (t) => {
  const threads = openThreads(t);
  const writer = threads.open();
  const lost = [writer.write(share(Buffer.alloc(1_000_000))), writer.write(share(Buffer.alloc(1_000_000)))];
  const failures = lost.map((promise) => assert.rejects(promise, { code: 'unavailable', rule: 'digests-failed' }));
  await threads.close();
  await Promise.all(failures);
  assert.equal(writer.isAlive, false);
  await assert.rejects(writer.finish(), { rule: 'digests-failed' });
  writer.forget();
  const next = threads.open();
  await next.write(share(Buffer.from('abc')));
  assert.equal((await next.finish()).sha1, 'a9993e364706816aba3e25717850c26c9cd0d89d');
});

test('the threads stand back behind the one that answers', { skip: process.platform !== 'linux' }, async (t) => {
  const before = getPriority();
  const writer = openThreads(t).open();
  await writer.write(share(Buffer.from('abc')));
  assert.equal(getPriority(), before);
  // proc_pid_stat(5): the 19th field; the second one is a name in brackets.
  const priorities = readdirSync('/proc/self/task').map((task) =>
    Number(readFileSync(`/proc/self/task/${task}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]),
  );
  // Nothing stands behind 19.
  assert.equal(priorities.filter((priority) => priority > before).length, before < 19 ? 2 : 0);
});
