import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import fc from 'fast-check';

test('the vectors of RFC 4648, section 10, hold', () => {
  const vectors = {
    '': '',
    f: 'Zg==',
    fo: 'Zm8=',
    foo: 'Zm9v',
    foob: 'Zm9vYg==',
    fooba: 'Zm9vYmE=',
    foobar: 'Zm9vYmFy',
  };
  for (const [plain, encoded] of Object.entries(vectors)) {
    assert.equal(encodeBase64(encodeText(plain)), encoded);
    assert.deepEqual(parseBase64(encoded), encodeText(plain));
  }
});

test('bytes survive, as the platform has them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), (bytes) => {
      assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString('base64'));
      assert.deepEqual(new Uint8Array(parseBase64(encodeBase64(bytes))), new Uint8Array(bytes));
    }),
  );
});

test('more than one call can take as arguments is encoded', () => {
  const bytes = new Uint8Array(200_000).fill(255);
  assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString('base64'));
});

test('twelve megabytes are read, and refused when one character is wrong', () => {
  const text = 'AAAA'.repeat(3_000_000);
  assert.equal(parseBase64(text).length, 9_000_000);
  assert.throws(() => parseBase64(`${text}AA=A`), { code: 'malformed' });
});

test('text that is accepted is the only text for its bytes', () => {
  const characters = fc.constantFrom(...'ABQgz09+/=-_ \n');
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 12 }), (text) => {
      let bytes: Uint8Array;
      try {
        bytes = parseBase64(text);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'malformed');
        return;
      }
      assert.equal(encodeBase64(bytes), text);
    }),
    { numRuns: 2000 },
  );
});

for (const text of ['Zg', 'Zg=', 'Zg==\n', ' Zg==', 'Zh==', 'Zm9=', 'Z-8=', '====', 'Zg==Zg==']) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseBase64(text), { code: 'malformed' });
  });
}
