/** Packs and lines of git's protocol, whatever stands in them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { readSignedObject } from '../../../../src/watch/readers/git/object.ts';
import { readPack } from '../../../../src/watch/readers/git/pack.ts';
import { encodeLine, parsePktLines } from '../../../../src/watch/readers/git/pkt-line.ts';

const numbers = { commit: 1, tree: 2, blob: 3, tag: 4, offset: 6, difference: 7 } as const;

interface Entry {
  readonly type: keyof typeof numbers;
  readonly data: Uint8Array;
  /** What is said instead of its size. */
  readonly size?: number;
}

function encodeEntry({ type, data, size = data.length }: Entry): Buffer {
  const header: number[] = [];
  let rest = Math.floor(size / 16);
  header.push((numbers[type] << 4) | (size & 15) | (rest > 0 ? 0x80 : 0));
  while (rest > 0) {
    const next = Math.floor(rest / 128);
    header.push((rest & 0x7f) | (next > 0 ? 0x80 : 0));
    rest = next;
  }
  const base = type === 'difference' ? Buffer.alloc(20) : Buffer.of();
  return Buffer.concat([Buffer.from(header), base, deflateSync(data)]);
}

function encodePack(entries: readonly Entry[], count = entries.length): Uint8Array<ArrayBuffer> {
  const head = Buffer.from('PACK\0\0\0\u0002\0\0\0\0');
  head.writeUInt32BE(count, 8);
  const body = Buffer.concat([head, ...entries.map(encodeEntry)]);
  return new Uint8Array(Buffer.concat([body, createHash('sha1').update(body).digest()]));
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

test('commits and tags of a pack stand under the names that git gives them', () => {
  const commit = bytes(`tree ${'0'.repeat(40)}\n\nmessage`);
  const entries: Entry[] = [
    { type: 'blob', data: bytes('a file'.repeat(100)) },
    { type: 'difference', data: bytes('of a file') },
    { type: 'commit', data: commit },
  ];
  const objects = readPack(encodePack(entries), 'sha1');
  const name = createHash('sha1').update(`commit ${commit.length}\0`).update(commit).digest('hex');
  assert.deepEqual(objects, new Map([[name, { type: 'commit', data: commit }]]));
});

test('a pack that is cut, counts wrongly, lies about sizes or holds what was not asked for is none', () => {
  const entry: Entry = { type: 'commit', data: bytes('a commit') };
  const whole = encodePack([entry]);
  assert.ok(readPack(whole, 'sha1'));
  for (const wrong of [
    whole.slice(0, -1),
    whole.slice(0, 31),
    encodePack([entry], 2),
    encodePack([entry, entry], 1),
    encodePack([entry], 100_001),
    encodePack([{ ...entry, size: 7 }]),
    encodePack([{ ...entry, size: 9 }]),
    encodePack([{ ...entry, size: 2 ** 40 }]),
    encodePack([{ ...entry, type: 'offset' }]),
  ]) {
    assert.equal(readPack(wrong, 'sha1'), undefined);
  }
  assert.equal(readPack(whole, 'sha256'), undefined);
});

test('what is inflated is bounded by what was said', () => {
  const bomb: Entry = { type: 'commit', data: new Uint8Array(33 * 1024 * 1024), size: 16 };
  assert.equal(readPack(encodePack([bomb]), 'sha1'), undefined);
  assert.equal(readPack(encodePack([{ ...bomb, size: 33 * 1024 * 1024 }]), 'sha1'), undefined);
});

test('many objects that are each allowed are not inflated without end', () => {
  const half = (type: Entry['type'], count: number) =>
    encodePack(
      Array.from({ length: count }, (_, index) => ({ type, data: new Uint8Array(25 * 1024 * 1024).fill(index) })),
    );
  assert.equal(readPack(half('commit', 1), 'sha1')?.size, 1);
  assert.equal(readPack(half('commit', 2), 'sha1'), undefined);
  assert.equal(readPack(half('blob', 2), 'sha1')?.size, 0);
  assert.equal(readPack(half('blob', 11), 'sha1'), undefined);
});

test('lines are not taken without end', () => {
  for (const line of ['0000', '0005a']) {
    assert.equal(parsePktLines(bytes(line.repeat(250_000)))?.length, 250_000);
    assert.equal(parsePktLines(bytes(line.repeat(250_001))), undefined);
  }
});

test('lines are read back as they were written, and what is none is refused', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ' ', '/', '0'), maxLength: 200 });
  fc.assert(
    fc.property(fc.array(line), (texts) => {
      const parsed = parsePktLines(bytes(texts.map(encodeLine).join(''))) ?? assert.fail('expected lines');
      const read = parsed.map((one) => (one.kind === 'line' ? Buffer.from(one.bytes).toString() : one.kind));
      assert.deepEqual(
        read,
        texts.map((text) => `${text}\n`),
      );
    }),
  );
  for (const wrong of ['000', 'zzzz', '0003', '0006a', 'ffffabc', '-001', '00 5a']) {
    assert.equal(parsePktLines(bytes(wrong)), undefined, wrong);
  }
});

test('nothing that a server sends makes a reader fail', () => {
  const near = fc.tuple(fc.nat(200), fc.nat(255)).map(([at, by]) => {
    const pack = encodePack([{ type: 'tag', data: bytes('tagger a <b> 1 +0000\n\nmessage') }]);
    return pack.map((byte, index) => (index === at ? by : byte));
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), near), (data) => {
      parsePktLines(data as Uint8Array<ArrayBuffer>);
      readPack(data as Uint8Array<ArrayBuffer>, 'sha1');
      for (const type of ['tag', 'commit'] as const) {
        readSignedObject({ type, data: data as Uint8Array<ArrayBuffer> });
      }
    }),
  );
});
