import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../protocol/test/code-points.ts';
import { sealUnder, unsealUnder } from '../../src/vault/sealing.ts';

const master = createSecretKey(randomBytes(32));
const place = { purpose: 'signing-key', reference: 'signing_key/1' };
const bytes = fc.uint8Array({ maxLength: 200 });

test('what is sealed opens at its place', () => {
  fc.assert(
    fc.property(bytes, fc.string(), fc.string(), (plaintext, purpose, reference) => {
      const text = sealUnder(master, { purpose, reference }, plaintext);
      assert.match(text, /^v1\.[A-Za-z0-9_-]+$/);
      assert.deepEqual(unsealUnder(master, { purpose, reference }, text), plaintext);
    }),
  );
});

test('the same secret is never sealed to the same text', () => {
  const texts = Array.from({ length: 100 }, () => sealUnder(master, place, new Uint8Array(4)));
  assert.equal(new Set(texts).size, texts.length);
});

test('a ciphertext opens for no other row, purpose or key', () => {
  const text = sealUnder(master, place, new Uint8Array([1, 2, 3]));
  assert.throws(() => unsealUnder(master, { ...place, reference: 'signing_key/2' }, text));
  assert.throws(() => unsealUnder(master, { ...place, purpose: 'server-secret' }, text));
  assert.throws(() => unsealUnder(createSecretKey(randomBytes(32)), place, text));
});

test('purpose and reference cannot be shifted into one another', () => {
  const text = sealUnder(master, { purpose: 'a', reference: 'b/c' }, new Uint8Array(1));
  assert.throws(() => unsealUnder(master, { purpose: 'a","b', reference: 'c' }, text));
  assert.throws(() => unsealUnder(master, { purpose: 'a/b', reference: 'c' }, text));
});

test('a ciphertext with any bit changed does not open', () => {
  const sealed = Buffer.from(sealUnder(master, place, new Uint8Array([1, 2, 3])).slice(3), 'base64url');
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.throws(() => unsealUnder(master, place, `v1.${changed.toString('base64url')}`));
  }
});

test('text that is no ciphertext is refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => assert.throws(() => unsealUnder(master, place, text))),
  );
  const text = sealUnder(master, place, new Uint8Array(3));
  for (const wrong of ['', 'v1.', `v2${text.slice(2)}`, text.slice(3), text.slice(0, 30), `${text}=`, `${text}\n`]) {
    assert.throws(() => unsealUnder(master, place, wrong), JSON.stringify(wrong));
  }
});
