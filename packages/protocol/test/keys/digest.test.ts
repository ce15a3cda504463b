/** Digests: whoever computes them, they are the platform's. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { digestBytes } from '@signpost/protocol/keys/digest';

test('short and long bytes have the digests that the platform gives them', async () => {
  for (const length of [0, 1, 2047, 2048, 2049, 10_000]) {
    const bytes = new Uint8Array(length).fill(length);
    for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const) {
      const expected = createHash(hash.replace('-', '')).update(bytes).digest('hex');
      assert.equal(Buffer.from(await digestBytes(hash, bytes)).toString('hex'), expected, `${hash} of ${length} bytes`);
    }
  }
});
