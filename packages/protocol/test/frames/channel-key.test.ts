import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { type ChannelKeyFields, verifyChannelKey, writeChannelKey } from '@signpost/protocol/frames/channel-key';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import {
  aliceKey,
  createTrust,
  describeKey,
  now,
  pushKey,
  pushKeyEntry,
  serverKey,
  strangerKey,
} from '../documents.ts';
import { refuses } from '../refuses.ts';

const trust = await createTrust({ push_keys: [pushKeyEntry(pushKey)] });
const fields: ChannelKeyFields = {
  pubkeyB64: aliceKey.pubkeyB64,
  channels: ['trust', 'releases'],
  organisation: 'acme',
  notBefore: now - 60_000,
  notAfter: now + 540_000,
};

/** The document of an honest certificate with `changes`, signed all the same. */
async function bend(changes: SignableObject, prefix = 'signpost channel key v1:'): Promise<string> {
  const envelope = JSON.parse(await writeChannelKey(pushKey, fields)) as { channel_key: SignableObject };
  const document = { ...envelope.channel_key, ...changes };
  const sig = encodeBase64(await pushKey.sign(encodeText(`${prefix}${encodeCanonicalText(document)}`)));
  return encodeCanonicalText({ ...envelope, channel_key: document, sig });
}

test('a channel key that is written is verified with the same fields', async () => {
  const text = await writeChannelKey(pushKey, fields);
  const { pubkeyB64: _, ...rest } = fields;
  const verified = await verifyChannelKey(trust, text, now);
  assert.deepEqual({ ...verified, ...rest }, verified);
  assert.equal(verified.kid, aliceKey.keyId.slice(0, 32));
  assert.equal(verified.pushKeyId, pushKey.keyId);
  assert.equal(verified.text, text);
});

test('a channel key may be published before its use', async () => {
  const early = { ...fields, notBefore: now + 120_000, notAfter: now + 720_000 };
  assert.ok(await verifyChannelKey(trust, await writeChannelKey(pushKey, early), now));
});

test('any bit of a certificate matters', async () => {
  const text = await writeChannelKey(pushKey, fields);
  for (let index = 0; index < text.length; index++) {
    const bit = 1 << (index % 7);
    const changed = text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ bit) + text.slice(index + 1);
    await assert.rejects(verifyChannelKey(trust, changed, now), { name: 'TrustError' }, `${index}: ${changed}`);
  }
});

const lists: readonly [string, TrustErrorCode, SignableObject][] = [
  ['no push keys', 'key_unknown', {}],
  ['another push key', 'key_unknown', { push_keys: [pushKeyEntry(strangerKey)] }],
  // A key for manifests vouches for no channel key.
  [
    'the push key for manifests',
    'key_unknown',
    { valid_keys: [{ ...pushKeyEntry(pushKey), custody: 'server', scope: ['*'] }] },
  ],
  [
    'the push key revoked',
    'key_revoked',
    {
      push_keys: [pushKeyEntry(pushKey)],
      revoked_keys: [{ ...describeKey(pushKey), reason: 'stolen', revoked_at: '2027-01-02T00:00:00Z' }],
    },
  ],
  [
    'a push key of the past',
    'key_not_in_window',
    { push_keys: [pushKeyEntry(pushKey, { not_after: '2027-01-15T12:00:00Z' })] },
  ],
  [
    'a push key to come',
    'key_not_in_window',
    { push_keys: [pushKeyEntry(pushKey, { not_before: '2027-01-15T12:00:01Z' })] },
  ],
  [
    'a push key that ends before',
    'key_not_in_window',
    { push_keys: [pushKeyEntry(pushKey, { not_after: '2027-01-15T12:05:00Z' })] },
  ],
  [
    'a push key that begins after',
    'key_not_in_window',
    { push_keys: [pushKeyEntry(pushKey, { not_before: '2027-01-15T11:59:30Z' })] },
  ],
];

for (const [name, code, changes] of lists) {
  test(`under a trust list with ${name}, a channel key is refused`, async () => {
    const list = await createTrust(changes);
    await assert.rejects(verifyChannelKey(list, await writeChannelKey(pushKey, fields), now), refuses(code));
  });
}

const documents: readonly [string, TrustErrorCode, SignableObject][] = [
  ['of another type', 'format_unsupported', { type: 'signpost.push-key' }],
  ['of another version', 'format_unsupported', { version: 2 }],
  ['with a kid that is not its own', 'malformed', { kid: '0'.repeat(32) }],
  ['with a member more', 'malformed', { alg: 'none' }],
  ['for a channel of no kind', 'malformed', { channels: ['Trust'] }],
  ['for an organisation of no kind', 'malformed', { organisation: 'Acme' }],
  ['with a key of small order', 'malformed', { pubkey_b64: `${'A'.repeat(43)}=` }],
  ['that lives over an hour', 'malformed', { not_after: '2027-01-15T13:00:00Z' }],
  ['that ends before it begins', 'malformed', { not_after: '2027-01-15T11:00:00Z' }],
];

for (const [name, code, changes] of documents) {
  test(`a channel key ${name} is refused`, async () => {
    await assert.rejects(
      bend(changes).then((text) => verifyChannelKey(trust, text, now)),
      refuses(code),
    );
  });
}

test('a channel key is refused from its end on', async () => {
  const text = await writeChannelKey(pushKey, fields);
  assert.ok(await verifyChannelKey(trust, text, fields.notAfter - 1));
  await assert.rejects(verifyChannelKey(trust, text, fields.notAfter), refuses('key_not_in_window'));
});

test('what a push key signed as something else is no channel key', async () => {
  await assert.rejects(verifyChannelKey(trust, await bend({}, ''), now), refuses('bad_signature'));
});

test('a channel key by another key is refused, also under the name of the push key', async () => {
  await assert.rejects(verifyChannelKey(trust, await writeChannelKey(serverKey, fields), now), refuses('key_unknown'));
  const forged = { ...serverKey, keyId: pushKey.keyId };
  await assert.rejects(verifyChannelKey(trust, await writeChannelKey(forged, fields), now), refuses('bad_signature'));
});

test('a certificate of 5,000 characters is refused unread', async () => {
  await assert.rejects(verifyChannelKey(trust, '['.repeat(5000), now), refuses('too_large'));
});
