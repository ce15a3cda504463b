import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignature, parsePublicKey } from '@signpost/protocol/keys/ed25519';
import fc from 'fast-check';
import { createKeyFile, parseKeyFile, unlockKeyFile } from '../../src/keys/key-file.ts';
import { parsePublicRecord } from '../../src/keys/public-record.ts';

const passphrase = 'correct horse battery';
const file = await createKeyFile({ purpose: 'maintainer', label: 'bob', now: 0 }, passphrase);
const bytes = new TextEncoder().encode(file.text);

test('the key inside signs for the public key outside', async () => {
  const signer = await unlockKeyFile(await parseKeyFile(bytes), passphrase);
  const message = new TextEncoder().encode('a message');
  assert.equal(await isSignature(await parsePublicKey(file.pubkeyB64), await signer.sign(message), message), true);
});

test('two files of one passphrase share neither salt nor nonce', async () => {
  const other = JSON.parse((await createKeyFile({ purpose: 'maintainer', label: 'bob', now: 0 }, passphrase)).text);
  const first = JSON.parse(file.text);
  assert.notEqual(first.kdf.salt_b64, other.kdf.salt_b64);
  assert.notEqual(first.cipher.nonce_b64, other.cipher.nonce_b64);
});

test('the seed stands nowhere in the file in the clear', async () => {
  assert.doesNotMatch(file.text, /seed|private/);
  assert.equal(Buffer.from(JSON.parse(file.text).ciphertext_b64, 'base64').length, 48);
});

test('a file with one byte changed never opens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 2), fc.integer({ min: 1, max: 255 }), async (index, flip) => {
      const changed = Uint8Array.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ flip;
      // White space between tokens says nothing: the text may differ where the meaning does not.
      if (isSameJson(changed)) return;
      await assert.rejects(async () => unlockKeyFile(await parseKeyFile(changed), passphrase));
    }),
    { numRuns: 25 },
  );
});

test('a public record is read with its scope as text or list, and a wrong id is refused', async () => {
  const base = { key_id: file.keyId, pubkey_b64: file.pubkeyB64, label: 'ci', custody: 'server', in_trust_list: false };
  const parse = (value: unknown) => parsePublicRecord(new TextEncoder().encode(JSON.stringify(value)));
  assert.deepEqual((await parse({ ...base, scope: '*' })).scope, ['*']);
  assert.deepEqual((await parse({ ...base, scope: ['project:demo'] })).scope, ['project:demo']);
  await assert.rejects(parse({ ...base, key_id: '0'.repeat(64) }), { code: 'malformed' });
  await assert.rejects(parse({ ...base, custody: 'nobody' }), { code: 'malformed' });
});

function isSameJson(changed: Uint8Array): boolean {
  try {
    return JSON.stringify(JSON.parse(new TextDecoder().decode(changed))) === JSON.stringify(JSON.parse(file.text));
  } catch {
    return false;
  }
}
