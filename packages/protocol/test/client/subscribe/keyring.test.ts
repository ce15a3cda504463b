import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeySource } from '@signpost/protocol/client/subscribe/key-source';
import { Keyring } from '@signpost/protocol/client/subscribe/keyring';
import { createTransport } from '@signpost/protocol/client/transport';
import { createTrust, describeKey, now, pushKey, pushKeyEntry } from '../../documents.ts';
import { createChannelKey, createSessionKey } from '../../frames/documents.ts';

const trust = await createTrust({ push_keys: [pushKeyEntry(pushKey)] });
const [first, second] = await Promise.all([createChannelKey('a'), createChannelKey('b')]);
const revocation = { ...describeKey(pushKey), reason: 'stolen', revoked_at: '2027-01-02T00:00:00Z' };

async function createKeyring(at: () => number = () => now): Promise<Keyring> {
  const keyring = new Keyring(at);
  await keyring.useTrust(trust);
  await keyring.addChannelKeys([first.certificate, second.certificate]);
  return keyring;
}

test('keys are found by their id, and what does not verify takes none away', async () => {
  const keyring = await createKeyring();
  assert.equal(
    await keyring.addChannelKeys(['{}', 'x'.repeat(5000), first.certificate.replace('"sig":"', '"sig":"A')]),
    false,
  );
  assert.deepEqual([keyring.find(first.kid)?.kid, keyring.find(second.kid)?.kid], [first.kid, second.kid]);
  assert.equal(keyring.find('0'.repeat(32)), undefined);
});

test('a trust list that revokes the push key, or has expired, leaves no channel key', async () => {
  const keyring = await createKeyring();
  await keyring.useTrust(await createTrust({ push_keys: [pushKeyEntry(pushKey)], revoked_keys: [revocation] }));
  assert.equal(keyring.find(first.kid), undefined);
  let at = now;
  const other = await createKeyring(() => at);
  at = Date.UTC(2029, 0, 1);
  assert.equal(other.find(first.kid), undefined);
});

test('without a trust list nothing counts, and a key of an unknown push key asks for a newer list', async () => {
  const keyring = new Keyring(() => now);
  assert.equal(await keyring.addChannelKeys([first.certificate]), true);
  assert.equal(keyring.find(first.kid), undefined);
  await keyring.useTrust(await createTrust());
  assert.equal(await keyring.addChannelKeys([first.certificate]), true);
});

test('however many keys come, few are kept', async () => {
  const keyring = await createKeyring();
  const names = Array.from({ length: 40 }, (_, index) => `many ${index}`);
  const keys = await Promise.all(names.map((name) => createChannelKey(name)));
  for (const { certificate } of keys) await keyring.addChannelKeys([certificate]);
  assert.equal(keys.filter(({ kid }) => keyring.find(kid)).length, 32);
});

test('a session key counts beside the next one until its end', async () => {
  let at = now;
  const keyring = new Keyring(() => at);
  const [before, next] = await Promise.all([createSessionKey('a'), createSessionKey('b')]);
  keyring.addSessionKey(before);
  keyring.addSessionKey({ ...next, notAfter: now + 1_200_000 });
  assert.ok(keyring.find(before.kid));
  at = before.notAfter;
  keyring.addSessionKey({ ...(await createSessionKey('c')), notAfter: now + 1_200_000 });
  assert.equal(keyring.find(before.kid), undefined);
  assert.ok(keyring.find(next.kid));
});

test('keys and list are asked for seldom, whatever comes', async () => {
  let elapsed = 0;
  const asked: string[] = [];
  const keyring = new Keyring(() => now);
  const keys = new KeySource({
    transport: createTransport('http://localhost', async (url) => {
      asked.push(new URL(url).pathname);
      return new Response('{"channel_keys":[]}');
    }),
    keyring,
    refreshTrust: async () => {
      asked.push('trust');
      return createTrust();
    },
    now: () => now,
    elapsed: () => elapsed,
    headers: () => ({}),
    credentials: 'omit',
    session: false,
  });
  for (; elapsed < 60_000; elapsed += 500) {
    await keys.findKeys();
    await keys.take([first.certificate]);
    await keys.renewSessionKey();
  }
  assert.equal(asked.filter((path) => path === '/api/push/keys').length, 12);
  assert.equal(asked.filter((path) => path === 'trust').length, 2);
});

test('a session key is renewed when a quarter of its life is left, and not given up for an answer that fails', async () => {
  let elapsed = 0;
  let fails = false;
  let issued = 0;
  const keyring = new Keyring(() => now + elapsed);
  const answer = () => {
    const at = new Date(now + elapsed + 600_000).toISOString();
    const secret = Buffer.alloc(32, issued).toString('base64');
    return {
      kid: `s_${String(++issued).padStart(16, '0')}`,
      secret,
      algorithm: 'sha256',
      channels: ['session.1'],
      expiresAt: at,
    };
  };
  const keys = new KeySource({
    transport: createTransport('http://localhost', async () =>
      fails ? new Response('', { status: 503 }) : new Response(JSON.stringify(answer()), { status: 201 }),
    ),
    keyring,
    refreshTrust: async () => trust,
    now: () => now + elapsed,
    elapsed: () => elapsed,
    headers: () => ({}),
    credentials: 'same-origin',
    session: true,
  });
  for (; elapsed <= 900_000; elapsed += 5000) {
    fails = elapsed > 440_000 && elapsed < 470_000;
    await keys.renewSessionKey();
    assert.ok(keyring.find(`s_${String(issued).padStart(16, '0')}`), `at ${elapsed}`);
  }
  assert.equal(issued, 2);
});
