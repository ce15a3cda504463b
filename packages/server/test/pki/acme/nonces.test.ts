/** Nonces: each once, none of anybody else's, bounded memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Nonces } from '../../../src/pki/acme/requests/nonces.ts';

test('a nonce counts once, in whatever order they come back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 99 }), { maxLength: 300 }), (order) => {
      const nonces = new Nonces(1024);
      const given = Array.from({ length: 100 }, () => nonces.create());
      const used = new Set<number>();
      for (const number of order) {
        assert.equal(nonces.use(given[number] ?? ''), !used.has(number));
        used.add(number);
      }
    }),
  );
});

test('no text is a nonce that was not given out, and none is written in two ways', () => {
  const nonces = new Nonces();
  const real = nonces.create();
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'grapheme' })), (text) => {
      if (text !== real) assert.equal(nonces.use(text), false);
    }),
  );
  assert.equal(nonces.use(`${real}=`), false);
  assert.equal(nonces.use(new Nonces().create()), false);
  assert.equal(nonces.use(real), true);
});

test('a nonce from before the last thousands counts no more, and its place is free again', () => {
  const nonces = new Nonces(64);
  const old = nonces.create();
  assert.equal(nonces.use(nonces.create()), true);
  const younger = Array.from({ length: 200 }, () => nonces.create());
  assert.equal(nonces.use(old), false);
  assert.deepEqual(
    younger.map((nonce) => nonces.use(nonce)),
    younger.map((_, index) => index >= 200 - 64),
  );
});
