/** The vectors of packages/protocol/vectors/canonical-json.json are checked in vectors.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import {
  compareCodePoints,
  encodeCanonical,
  encodeCanonicalText,
  maxJsonDepth,
  type SignableObject,
  type SignableValue,
} from '@signpost/protocol/json/canonical';
import { parseSignable, parseSignableText } from '@signpost/protocol/json/parse';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';
import { signableObjects, signableValues } from './signable-values.ts';

test('what is encoded is read back as it was', () => {
  fc.assert(
    fc.property(signableValues, (value) => {
      assert.deepEqual(plain(parseSignable(encodeCanonical(value), 1_000_000)), plain(value));
    }),
  );
});

test('what is read and encoded is the same text for every text that is the same JSON', () => {
  fc.assert(
    fc.property(signableValues, fc.nat(4), (value, indent) => {
      const canonical = encodeCanonicalText(value);
      assert.equal(encodeCanonicalText(parseSignableText(JSON.stringify(value, null, indent))), canonical);
      assert.equal(encodeCanonicalText(parseSignableText(canonical)), canonical);
    }),
  );
});

test('the order of members does not matter', () => {
  fc.assert(
    fc.property(signableObjects, (object) => {
      const reversed: SignableObject = Object.fromEntries(Object.entries(object).reverse());
      assert.equal(encodeCanonicalText(reversed), encodeCanonicalText(object));
    }),
  );
});

test('different values have different texts', () => {
  fc.assert(
    fc.property(signableValues, signableValues, (left, right) => {
      const same = isSame(plain(left), plain(right));
      assert.equal(encodeCanonicalText(left) === encodeCanonicalText(right), same);
    }),
  );
});

test('members that are undefined count as absent', () => {
  assert.equal(encodeCanonicalText({ a: undefined, b: 1 }), '{"b":1}');
  assert.throws(() => encodeCanonicalText({ a: undefined }), { code: 'not_canonical' });
});

test('code points are compared as their UTF-8 bytes are', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), fc.string({ unit: codePoint }), (left, right) => {
      const bytes = Buffer.compare(encodeText(left), encodeText(right));
      assert.equal(Math.sign(compareCodePoints(left, right)), bytes);
    }),
  );
});

const values: readonly [string, unknown][] = [
  ['a fraction', 1.5],
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['negative zero', -0],
  ['2^53', 2 ** 53],
  ['a bigint', 1n],
  ['undefined', undefined],
  ['undefined in an array', [undefined]],
  ['a function', () => 1],
  ['an empty object', {}],
  ['a key like an integer', { 7: 1 }],
  ['a key like a fraction', { '1.5': 1 }],
  ['U+2028', '\u2028'],
  ['U+2029 in a key', { '\u2029': 1 }],
  ['a lone surrogate', '\ud800'],
];
for (const [name, value] of values) {
  test(`${name} is not encoded`, () => {
    assert.throws(() => encodeCanonicalText(value as SignableValue), { code: 'not_canonical' });
  });
}

test('a value that holds itself is refused, not followed', () => {
  const value: SignableValue[] = [];
  value.push(value);
  assert.throws(() => encodeCanonicalText(value), { code: 'not_canonical' });
  assert.equal(maxJsonDepth, 32);
});

/** The value with ordinary prototypes. */
function plain(value: SignableValue): unknown {
  return JSON.parse(JSON.stringify(value), undefined) as unknown;
}

function isSame(left: unknown, right: unknown): boolean {
  try {
    assert.deepStrictEqual(left, right);
    return true;
  } catch {
    return false;
  }
}
