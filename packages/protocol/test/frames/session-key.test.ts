import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { openSessionKey } from '@signpost/protocol/frames/session-key';
import { refuses } from '../refuses.ts';
import { createSessionKey } from './documents.ts';

test('a session key has 32 bytes and an id that no channel key has', async () => {
  const message = encodeText('a message');
  const [key, other] = await Promise.all([createSessionKey('a'), createSessionKey('b')]);
  const signature = await key.sign(message);
  assert.equal(await key.isSignature(new Uint8Array(signature), message), true);
  assert.equal(await other.isSignature(new Uint8Array(signature), message), false);
  assert.equal(await key.isSignature(new Uint8Array(31), message), false);
  const wish = { kid: key.kid, channels: ['*'], notBefore: 0, notAfter: 1 };
  await assert.rejects(openSessionKey({ ...wish, secret: new Uint8Array(16) }), refuses('malformed'));
  await assert.rejects(
    openSessionKey({ ...wish, kid: 'ab'.repeat(16), secret: new Uint8Array(32) }),
    refuses('malformed'),
  );
});
