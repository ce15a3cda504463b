import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelOf, parsePayload, payloadTypes } from '@signpost/protocol/frames/payload';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { now } from '../documents.ts';
import { refuses } from '../refuses.ts';
import { createChannelKey, createPayload, dataByType } from './documents.ts';

const channelKey = await createChannelKey('a');

function payloadOf(type: string, data: SignableObject | undefined = dataByType[type]) {
  const channel =
    channelOf(type) ?? (/^(client|session)\./.test(type) ? 'session.1' : type.startsWith('app.') ? 'app.x' : 'trust');
  return createPayload({ channel, type, data });
}

test('every type is written with the data that it has', async () => {
  assert.deepEqual([...payloadTypes].sort(), Object.keys(dataByType).sort());
  for (const type of payloadTypes) {
    await writeFrame(channelKey, payloadOf(type), { ts: now });
    assert.equal(parsePayload(payloadOf(type))?.type, type);
  }
});

test('an application has types of its own, with any data or none', () => {
  assert.ok(parsePayload(payloadOf('app.chat.message', { text: 'hello' })));
  assert.ok(parsePayload(payloadOf('app.chat.message', undefined)));
  assert.throws(() => parsePayload({ ...payloadOf('app.a', undefined), channel: 'releases' }), refuses('malformed'));
});

test('a type of a later version is not known, and no error', () => {
  assert.equal(parsePayload(payloadOf('release.renamed', undefined)), undefined);
  assert.equal(parsePayload({ ...payloadOf('heartbeat'), type: 'constructor' }), undefined);
});

test('a type on a channel of another is refused', () => {
  for (const type of payloadTypes.filter((name) => channelOf(name) !== undefined)) {
    const channel = channelOf(type) === 'watch' ? 'system' : 'watch';
    assert.throws(() => parsePayload({ ...payloadOf(type), channel }), refuses('malformed'), type);
  }
  assert.throws(() => parsePayload({ ...payloadOf('client.subscribe'), channel: 'trust' }), refuses('malformed'));
});

test('members of a later version are passed over', () => {
  for (const type of payloadTypes.filter((name) => dataByType[name] !== undefined)) {
    assert.ok(parsePayload(payloadOf(type, { ...dataByType[type], later: 1 })), type);
  }
});

const bent: readonly [string, SignableObject | undefined][] = [
  ['release.activated', undefined],
  ['release.activated', { project: 'Demo', version: '1.0.0' }],
  ['release.activated', { project: 'demo', version: '../1' }],
  ['release.activated', { project: 'demo', version: '1', channel: 'Beta' }],
  ['release.activated', { project: 'demo', version: '1', counter: 0 }],
  ['release.withdrawn', { project: 'demo' }],
  ['release.quarantined', { project: 'demo', version: '1', sha256: 'AB' }],
  ['trust.updated', { trust_version: 0, sha256: 'ab'.repeat(32) }],
  ['trust.updated', { trust_version: 1 }],
  ['key.revoked', { key_id: 'ab' }],
  ['certificate.revoked', { serial: '' }],
  ['certificate.expiring', { serial: '1a', not_after: 'tomorrow' }],
  ['revocation.expiring', { authority: 'root', number: 0, not_after: '2027-02-01T00:00:00Z' }],
  ['revocation.expiring', { authority: 'A root', number: 1, not_after: '2027-02-01T00:00:00Z' }],
  ['evidence.denied', { project: 'demo' }],
  ['watch.finding.opened', { finding: 'f-1' }],
  ['catalogue.updated', { sha256: 1 }],
  ['telemetry', { listeners: 'many' }],
  ['heartbeat', { oldest: 1 }],
  ['snapshot', { oldest: 0 }],
  ['snapshot', undefined],
  ['client.subscribe', { channels: [] }],
  ['client.subscribe', { channels: Array.from({ length: 17 }, (_, index) => `app.${index}`) }],
  ['client.subscribe', { channels: [1] }],
  ['client.subscribe', { channels: ['trust'], since: 'yesterday' }],
  ['client.acknowledge', {}],
  ['client.publish', { channel: 'app.x', type: 'release.activated' }],
  ['session.answered', { answers: 'A' }],
  ['session.answered', { answers: `${'A'.repeat(43)}=`, sequence: 1 }],
  ['session.answered', { answers: `${'A'.repeat(43)}=`, epoch: '0123456789abcdef', sequence: 0 }],
];

for (const [type, data] of bent) {
  test(`${type} with ${JSON.stringify(data)} is refused`, () => {
    assert.throws(() => parsePayload({ ...payloadOf(type), data }), refuses('malformed'));
  });
}
