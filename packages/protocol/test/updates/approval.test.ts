/** Signatures of maintainers in files: which manifest, whose key, and nothing else. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { encodeApproval, verifyApproval } from '@signpost/protocol/updates/approval';
import { digestHex } from '@signpost/protocol/updates/envelope';
import fc from 'fast-check';
import { aliceKey, bobKey } from '../documents.ts';
import { refuses } from '../refuses.ts';

const manifest = encodeText('{"project":"demo"}');
const keys = await Promise.all([aliceKey, bobKey].map(({ pubkeyB64 }) => parsePublicKey(pubkeyB64)));
const manifestSha256 = await digestHex(manifest);
const signature = await bobKey.sign(manifest);
const file = encodeText(encodeApproval({ manifestSha256, keyId: bobKey.keyId, signature }));
const verify = (bytes: Uint8Array<ArrayBuffer>) => verifyApproval(bytes, { manifest, keys });

test('the file names format, key and manifest beside the signature, and no more', () => {
  assert.equal(
    new TextDecoder().decode(file),
    `{"format":"signpost-approval-1","key_id":"${bobKey.keyId}","manifest_sha256":"${manifestSha256}","sig":"${encodeBase64(signature)}"}`,
  );
});

test('the signature is verified, whichever of three forms it has, and its key is found', async () => {
  const text = encodeBase64(signature);
  for (const form of [file, signature, encodeText(text), encodeText(`${text}\n`)]) {
    const { key, sig } = await verify(form);
    assert.deepEqual([key.keyId, sig], [bobKey.keyId, text]);
  }
});

suite('refused is', () => {
  const changed = (change: Record<string, unknown>) =>
    encodeText(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(file)), ...change }));
  const cases: Record<string, [Uint8Array<ArrayBuffer>, Parameters<typeof refuses>[0]]> = {
    'a signature over another manifest': [changed({ manifest_sha256: 'ab'.repeat(32) }), 'digest_mismatch'],
    'a key that is not a maintainer’s': [changed({ key_id: 'cd'.repeat(32) }), 'key_unknown'],
    'a signature under the name of another maintainer': [changed({ key_id: aliceKey.keyId }), 'bad_signature'],
    'another format': [changed({ format: 'signpost-approval-2' }), 'malformed'],
    'a member that nobody knows': [changed({ approved: true }), 'malformed'],
    'a signature that is too short': [changed({ sig: 'AAAA' }), 'malformed'],
    'a file without a word': [new Uint8Array(), 'malformed'],
    'a bare signature over something else': [new Uint8Array(64), 'bad_signature'],
    'the manifest itself': [encodeText(`{"pad":"${'x'.repeat(200)}"}`), 'malformed'],
    'a file that is too large': [new Uint8Array(4097), 'too_large'],
  };
  for (const [name, [bytes, code]] of Object.entries(cases)) {
    test(name, () => assert.rejects(verify(bytes), refuses(code)));
  }
});

test('no octet of the signature can be another one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(63), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bent = signature.slice();
      bent[at] = (bent[at] ?? 0) ^ flip;
      await assert.rejects(verify(bent), refuses('bad_signature'));
    }),
    { numRuns: 40 },
  );
});
