/** The refusals are vectors (packages/protocol/vectors/canonical-json.json); here stands what no file can hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { parseCanonicalText, parseSignable, parseSignableText } from '@signpost/protocol/json/parse';
import fc from 'fast-check';
import { signableValues } from './signable-values.ts';

test('bytes above the limit are refused before they are read', () => {
  assert.throws(() => parseSignable(encodeText('"abc"'), 4), { code: 'too_large' });
  assert.equal(parseSignable(encodeText('"abc"'), 5), 'abc');
});

test('bytes that are not UTF-8 are refused', () => {
  assert.throws(() => parseSignable(Uint8Array.of(0x22, 0xff, 0x22), 10), { code: 'malformed' });
});

test('any text is either refused with a code or is JSON that says the same', () => {
  const texts = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'{}[]:,"\\01-.eEtrufalsn \n\u2028') }),
    fc.json(),
    fc.string(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const value = parseOrCode(text);
      if (typeof value === 'object') assert.deepEqual(JSON.parse(value.canonical), JSON.parse(text));
    }),
    { numRuns: 3000 },
  );
});

test('a text with one character changed never parses to the same value by accident', () => {
  fc.assert(
    fc.property(signableValues, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (value, at, character) => {
      const text = encodeCanonicalText(value);
      const index = at % text.length;
      const changed = text.slice(0, index) + character + text.slice(index + 1);
      const outcome = parseOrCode(changed);
      if (typeof outcome === 'object' && changed !== text) assert.notEqual(outcome.canonical, text);
    }),
    { numRuns: 1000 },
  );
});

test('a hundred thousand open brackets are refused without a stack overflow', () => {
  assert.throws(() => parseSignableText('['.repeat(100_000)), { code: 'not_canonical' });
  assert.throws(() => parseSignableText('{"a":'.repeat(100_000)), { code: 'not_canonical' });
});

test('the message for a duplicate key cannot steer a terminal', () => {
  assert.throws(
    () => parseSignableText('{"\\u001b":1,"\\u001b":2}'),
    (error: unknown) => {
      assert.ok(error instanceof TrustError && !error.message.includes('\u001b'));
      return true;
    },
  );
});

function parseOrCode(text: string): string | { canonical: string } {
  try {
    return { canonical: encodeCanonicalText(parseSignableText(text)) };
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

test('text in its canonical form is read as by the strict reader, and any other text is refused', () => {
  const texts = fc.oneof(
    signableValues.map(encodeCanonicalText),
    fc.json(),
    fc.constantFrom(
      '-0',
      '1.5',
      '1e3',
      '{"b":1,"a":2}',
      '{"a":1,"a":1}',
      '{}',
      '[{}]',
      '{"a":{}}',
      ' 1',
      '"\\u0061"',
      '{"1":1}',
    ),
    fc.constantFrom(
      '{"__proto__":1}',
      '{"constructor":1}',
      '{"toString":1}',
      '"\\ud800"',
      '9007199254740993',
      '{"A":1}',
      '"\\\\ud800"',
    ),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const strict = outcomeOf(() => {
        const value = parseSignableText(text);
        if (encodeCanonicalText(value) !== text) throw new TrustError('not_canonical', 'expected another form');
        return JSON.stringify(value);
      });
      assert.equal(
        outcomeOf(() => JSON.stringify(parseCanonicalText(text))),
        strict,
      );
    }),
    { numRuns: 1000 },
  );
});

function outcomeOf(read: () => string): string {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof TrustError);
    return error.code;
  }
}
