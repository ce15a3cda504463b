/** RFC 8259 as others write it; JSON.parse is the oracle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { type JsonLimits, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import fc from 'fast-check';

function parse(text: string, limits: Partial<JsonLimits> = {}) {
  return parseForeignJson(encodeText(text), { maxBytes: 1_000_000, ...limits });
}

test('any JSON without those three is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ depthSize: 'medium' }), (text) => {
      if (text.includes('__proto__') || /\\u0000|\\ud[89a-f]/i.test(text)) return;
      assert.deepEqual(parse(text), JSON.parse(text));
    }),
    { numRuns: 2000 },
  );
});

test('any text is refused with a code, or is JSON that says the same', () => {
  const texts = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\01-.eE+trufalsn \n\t\u2028') });
  fc.assert(
    fc.property(texts, (text) => {
      try {
        assert.deepEqual(parse(text), JSON.parse(text));
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('floats, empty objects, keys like numbers and a byte order mark are accepted', () => {
  assert.deepEqual(parse('\ufeff{"1":1.5e-3,"a":{},"b":-0.0,"\u2028":[]}'), { 1: 0.0015, a: {}, b: -0, '\u2028': [] });
});

for (const [why, text] of [
  ['a key twice', '{"a":1,"a":2}'],
  ['a key twice, once escaped', '{"a":1,"\\u0061":2}'],
  ['the key __proto__', '{"__proto__":1}'],
  ['a number beyond a double', '1e400'],
  ['a number with a leading zero', '01'],
  ['U+0000', '"\\u0000"'],
  ['a lone surrogate', '"\\ud800"'],
  ['an open string', '"a'],
  ['a line break in a string', '"a\nb"'],
  ['a trailing comma', '[1,]'],
  ['a comment', '[1]//'],
  ['two values', '1 2'],
  ['nothing', ''],
] as const) {
  test(`JSON with ${why} is refused`, () => {
    assert.throws(() => parse(text), { code: 'malformed' });
  });
}

test('an inherited name is no member', () => {
  const value = parse('{"a":1}') as Record<string, never>;
  assert.equal(readMember(value, 'constructor'), undefined);
  assert.equal(readMember(parse('{"constructor":1}') as Record<string, never>, 'constructor'), 1);
});

test('bytes, levels and values above the limits are refused', () => {
  assert.throws(() => parse('[1]', { maxBytes: 2 }), { code: 'too_large' });
  assert.throws(() => parse('[[1]]', { maxDepth: 1 }), { code: 'too_large' });
  assert.throws(() => parse('[1,2,3]', { maxValues: 3 }), { code: 'too_large' });
  assert.throws(() => parse('['.repeat(100_000)), { code: 'too_large' });
  assert.throws(() => parseForeignJson(Uint8Array.of(0x22, 0xff, 0x22), { maxBytes: 9 }), { code: 'malformed' });
});
