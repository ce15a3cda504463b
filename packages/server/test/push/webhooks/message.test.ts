import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { messageOf, messageTypes, writeMessage } from '../../../src/push/webhooks/message.ts';

const event = { id: 'an-event', organisationId: 'o', at: Date.parse('2026-11-21T09:00:00Z') };

test('a message has the type and data of the frame about the same event', () => {
  const message = messageOf({ ...event, topic: 'signing_key.revoked', payload: { key_id: 'ab'.repeat(32), note: {} } });
  assert.equal(message?.type, 'key.revoked');
  assert.deepEqual(JSON.parse(message?.body ?? ''), {
    type: 'key.revoked',
    timestamp: '2026-11-21T09:00:00.000Z',
    data: { key_id: 'ab'.repeat(32) },
  });
  assert.equal(message?.project, undefined);
});

test('what nobody can ask for becomes no message', () => {
  for (const topic of ['vault.unlocked', 'certificate.issued', 'heartbeat', 'toString', '__proto__']) {
    assert.equal(messageOf({ ...event, topic, payload: {} }), undefined, topic);
  }
});

test('types are those of frames that tell of events, and no word between client and server', () => {
  assert.ok(messageTypes.includes('release.activated') && messageTypes.includes('webhook.disabled'));
  for (const type of ['heartbeat', 'snapshot', 'telemetry', 'client.publish', 'webhook.test']) {
    assert.ok(!messageTypes.includes(type), type);
  }
});

test('no message is longer than 20,000 bytes, and one whose data was left out says so', () => {
  const character = fc.constantFrom('x', '"', 'é', '\u0000', '\ud800', '😀');
  fc.assert(
    fc.property(character, fc.integer({ min: 0, max: 21_000 }), (one, length) => {
      const text = one.repeat(length);
      const { body } = writeMessage('a.type', { text }, 0);
      assert.ok(Buffer.byteLength(body) <= 20_000);
      const { data } = JSON.parse(body);
      assert.ok(data.omitted === true || data.text === text);
    }),
  );
  assert.deepEqual(JSON.parse(writeMessage('a.type', { text: 'x'.repeat(20_000) }, 0).body).data, { omitted: true });
});
