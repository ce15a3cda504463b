import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';

test('well-formed text survives', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => {
      assert.equal(parseText(encodeText(text)), text);
    }),
  );
});

test('a byte order mark is a character like any other', () => {
  assert.equal(parseText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), '\ufeffA');
});

for (const [name, bytes] of Object.entries({
  'a lone continuation byte': [0x80],
  'an overlong slash': [0xc0, 0xaf],
  'a surrogate': [0xed, 0xa0, 0x80],
  'a truncated character': [0xe2, 0x82],
  'a code point above U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
})) {
  test(`${name} is refused`, () => {
    assert.throws(() => parseText(Uint8Array.from(bytes)), { code: 'malformed' });
  });
}
