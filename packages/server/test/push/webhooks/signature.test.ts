/** Signatures of webhooks: held against the libraries of others, and the example of the standard. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { derivePublicKey, formatSecret, signMessage, type WebhookKey } from '../../../src/push/webhooks/signature.ts';

const now = () => Math.floor(Date.now() / 1000);
const hmac = (): WebhookKey => ({ algorithm: 'hmac-sha256', bytes: randomBytes(32) });

function headersOf(message: { id: string; timestamp: number; body: string }, keys: readonly WebhookKey[]) {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signMessage(message, keys),
  };
}

test('the example of the standard has the signature that the standard gives', () => {
  const bytes = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
  const signature = signMessage(message, [{ algorithm: 'hmac-sha256', bytes }]);
  assert.equal(signature, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('what HMAC signs, the library of Standard Webhooks verifies, whatever stands in it', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.string({ unit: 'grapheme' }), (id, text) => {
      const key = hmac();
      const body = JSON.stringify({ text });
      const headers = headersOf({ id, timestamp: now(), body }, [key]);
      assert.deepEqual(new Webhook(formatSecret(key.bytes)).verify(body, headers), { text });
    }),
    { numRuns: 50 },
  );
});

test('in a rotation either secret verifies, and no other', () => {
  const [before, after, foreign] = [hmac(), hmac(), hmac()];
  const message = { id: 'm', timestamp: now(), body: '{}' };
  const headers = headersOf(message, [after, before]);
  for (const key of [before, after]) assert.ok(new Webhook(formatSecret(key.bytes)).verify('{}', headers));
  assert.throws(() => new Webhook(formatSecret(foreign.bytes)).verify('{}', headers), /signature/i);
});

test('another id, time or body is refused by the library', () => {
  const key = hmac();
  const hook = new Webhook(formatSecret(key.bytes));
  const headers = headersOf({ id: 'm', timestamp: now(), body: '{}' }, [key]);
  assert.throws(() => hook.verify('{"a":1}', headers), /signature/i);
  assert.throws(() => hook.verify('{}', { ...headers, 'webhook-id': 'n' }), /signature/i);
  assert.throws(() => hook.verify('{}', { ...headers, 'webhook-timestamp': String(now() + 1) }), /signature/i);
});

test('what Ed25519 signs, an independent implementation verifies by the public key alone', () => {
  const seed = randomBytes(32);
  const message = { id: 'm', timestamp: now(), body: '{"type":"x"}' };
  const [version, signature = ''] = signMessage(message, [{ algorithm: 'ed25519', bytes: seed }]).split(',');
  assert.equal(version, 'v1a');
  const publicKey = Buffer.from(derivePublicKey(seed), 'base64');
  assert.deepEqual(new Uint8Array(publicKey), ed25519.getPublicKey(seed));
  const content = Buffer.from(`m.${message.timestamp}.${message.body}`);
  assert.ok(ed25519.verify(Buffer.from(signature, 'base64'), content, publicKey));
});
