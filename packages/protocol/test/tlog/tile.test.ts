/** Tiles (C2SP tlog-tiles): the paths of the specification, round trips, and each refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import {
  encodeEntryTile,
  formatTilePath,
  parseEntryTile,
  parseHashTile,
  parseTilePath,
  type Tile,
  tileWidth,
} from '@signpost/protocol/tlog/tile';
import fc from 'fast-check';
import { refuses } from '../refuses.ts';

const known: readonly (readonly [string, Tile])[] = [
  ['tile/0/000', { level: 0, index: 0, width: 256 }],
  ['tile/0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
  ['tile/3/x001/000', { level: 3, index: 1000, width: 256 }],
  ['tile/1/999.p/1', { level: 1, index: 999, width: 1 }],
  ['tile/entries/x123/456.p/255', { level: 'entries', index: 123_456, width: 255 }],
];

test('the known paths stand for the known tiles', () => {
  for (const [path, tile] of known) {
    assert.equal(formatTilePath(tile), path);
    assert.deepEqual(parseTilePath(path), tile);
  }
});

test('every tile has one path', () => {
  const tile = fc.record(
    {
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: tileWidth }),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(tile, (one) => assert.deepEqual(parseTilePath(formatTilePath(one)), one)));
});

for (const path of [
  'tile/0',
  'tile/00/000',
  'tile/64/000',
  'tile/0/00',
  'tile/0/x000/001',
  'tile/0/001/002',
  'tile/0/000.p/0',
  'tile/0/000.p/256',
  'tile/0/000.p/01',
  'tile/entries/x999/x999/x999/x999/x999/999',
  '/tile/0/000',
  'tile/0/000/',
  'tile/0/../000',
]) {
  test(`the path ${path} is refused`, () => {
    assert.throws(() => parseTilePath(path), refuses('malformed'));
  });
}

test('a tile that cannot be has no path', () => {
  for (const tile of [
    { level: 64, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 0, width: 257 },
  ]) {
    assert.throws(() => formatTilePath(tile), TypeError);
  }
});

test('entries are read again as they were written', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 300 }).map((entry) => Uint8Array.from(entry)));
  fc.assert(
    fc.property(entries, (given) => assert.deepEqual([...parseEntryTile(encodeEntryTile(given), given.length)], given)),
  );
  assert.throws(() => encodeEntryTile([new Uint8Array(65_536)]), TypeError);
});

test('any bytes are a tile or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (bytes, width) => {
      for (const parse of [parseHashTile, parseEntryTile]) {
        try {
          assert.equal(parse(Uint8Array.from(bytes), width).length, width);
        } catch (error) {
          assert.ok(error instanceof TrustError);
        }
      }
    }),
  );
  assert.equal(parseHashTile(new Uint8Array(64), 2).length, 2);
  assert.throws(() => parseHashTile(new Uint8Array(63), 2), refuses('malformed'));
  assert.throws(() => parseEntryTile(Uint8Array.of(0, 2, 1), 1), refuses('malformed'));
  assert.throws(() => parseEntryTile(Uint8Array.of(0), 1), refuses('malformed'));
  assert.throws(() => parseEntryTile(Uint8Array.of(0, 0), 2), refuses('malformed'));
});
