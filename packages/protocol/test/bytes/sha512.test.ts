/** SHA-384 and SHA-512 in pieces, against Node's. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createSha384, createSha512 } from '@signpost/protocol/bytes/sha512';
import fc from 'fast-check';

const contestants = { sha384: createSha384, sha512: createSha512 } as const;

for (const [name, create] of Object.entries(contestants)) {
  test(`${name} of any pieces is Node's`, () => {
    const piece = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const [ours, theirs] = [create(), createHash(name)];
        for (const one of pieces) {
          ours.update(one);
          theirs.update(one);
        }
        assert.equal(ours.digestHex(), theirs.digest('hex'));
      }),
    );
  });

  test(`${name} pads at every length around its blocks as Node does`, () => {
    for (let length = 100; length <= 260; length++) {
      const bytes = new Uint8Array(length).fill(length);
      const ours = create();
      ours.update(bytes);
      assert.equal(ours.digestHex(), createHash(name).update(bytes).digest('hex'));
    }
  });
}
