/** What the way to the first release works out by itself: where one stands, and whether a signed list is taken. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import type { Client } from '../src/api/client.ts';
import { Problem } from '../src/api/problem.ts';
import { currentStep, type FirstRun } from '../src/app/first-run.ts';
import { pinOptions } from '../src/app/pin-options.ts';
import { readPushKeys } from '../src/app/push-keys.ts';
import { readSignedList, splitKeys } from '../src/areas/setup/signed-list.ts';

test('the step is the first that is not done, and none once a release is in service', () => {
  const key = { state: 'created', in_trust_list: false };
  const listed = { state: 'created', in_trust_list: true };
  const active = { state: 'active', in_trust_list: true };
  const trusted = { version: 1, light: 'green' };
  assert.equal(stepOf({ vault: 'locked' }), 'vault');
  assert.equal(stepOf({}), 'key');
  assert.equal(stepOf({ key }), 'root');
  assert.equal(stepOf({ key, trust: trusted }), 'root');
  assert.equal(stepOf({ key: listed, trust: trusted }), 'root');
  assert.equal(stepOf({ key: active, trust: { version: 1, light: 'red' } }), 'root');
  assert.equal(stepOf({ key: active, trust: trusted }), 'project');
  assert.equal(stepOf({ key: active, trust: trusted, project: {} }), 'upload');
  assert.equal(stepOf({ key: active, trust: trusted, project: {}, release: { state: 'draft' } }), 'activate');
  assert.equal(stepOf({ project: {}, release: { state: 'active' } }), 'verify');
});

suite('a signed list', () => {
  test('is told in words with its signers when it holds', async () => {
    const [root, key] = await Promise.all([openRoot(), namedKey()]);
    const envelope = await root.sign(1, key);
    const signed = await read(envelope, { roots: [root.pubkeyB64], key });
    assert.equal(signed.signers.length, 1);
    assert.equal(signed.list.version, 1);
    assert.match(signed.words.join('\n'), /may sign EVERY project/);
    assert.equal(signed.namesPushKey, false);
  });

  test('is refused when another root signed it, when it was changed, and when it does not name the key', async () => {
    const [root, key] = await Promise.all([openRoot(), namedKey()]);
    const envelope = await root.sign(1, key);
    const stranger = await openRoot();
    await refuses(envelope, { roots: [stranger.pubkeyB64], key }, 'bad_signature');
    await refuses(envelope.replace('"label":"key', '"label":"kex'), { roots: [root.pubkeyB64], key }, 'bad_signature');
    await refuses(envelope, { roots: [root.pubkeyB64], key: await namedKey() }, 'key_unknown');
    await refuses('{}', { roots: [root.pubkeyB64], key }, 'not_canonical');
  });

  test('is refused when it is older than the one in force', async () => {
    const [root, key] = await Promise.all([openRoot(), namedKey()]);
    const first = await root.sign(1, key);
    const second = await root.sign(2, key);
    const expected = { roots: [root.pubkeyB64], key, inForce: JSON.parse(second) as unknown };
    await refuses(first, expected, 'trust_replayed');
    assert.equal((await read(second, { ...expected, inForce: JSON.parse(first) })).list.version, 2);
  });
});

test('several public keys are read from one field, each once, and pinned with their threshold', () => {
  assert.deepEqual(splitKeys(' a=\n b=, a= '), ['a=', 'b=']);
  const roots = [
    { key_id: '1', pubkey_b64: 'a=' },
    { key_id: '2', pubkey_b64: 'b=' },
  ];
  assert.equal(pinOptions({ roots, threshold: 2 }), '--root a= --root b= --threshold 2');
  assert.equal(pinOptions({ roots: roots.slice(0, 1), threshold: 1 }), '--root a=');
  assert.equal(pinOptions({ roots: [], threshold: 1 }), '');
});

test('a server that does not say its push keys leaves the page whole, and no answer is one that is missing', async () => {
  const { signal } = new AbortController();
  const answering = (answer: () => Promise<unknown>) => ({ ask: answer }) as unknown as Pick<Client, 'ask'>;
  const refusing = (status: number, code: string) =>
    answering(() => Promise.reject(new Problem({ status, code, detail: code })));
  const known = answering(async () => ({ active: { pubkey_b64: 'a=' }, waiting: null }));
  assert.deepEqual(await readPushKeys(known, signal), { named: ['a='], problem: undefined });
  const { named, problem } = await readPushKeys(refusing(503, 'vault_locked'), signal);
  assert.deepEqual([named, problem?.code], [[], 'vault_locked'], 'it is said why there are none');
  await assert.rejects(readPushKeys(refusing(0, 'offline'), signal), Problem);
});

function stepOf(known: Record<string, unknown>) {
  return currentStep({ vault: 'unlocked', trust: { version: null, light: 'none' }, ...known } as unknown as FirstRun);
}

interface NamedKey {
  readonly key_id: string;
  readonly pubkey_b64: string;
}

/** A root that signs lists of one key, good for a day. */
async function openRoot() {
  const { signer } = await createKeyPair();
  const sign = (version: number, { key_id, pubkey_b64 }: NamedKey) => {
    const window = { notBefore: undefined, notAfter: undefined };
    const key = { keyId: key_id, pubkeyB64: pubkey_b64 };
    const document = createTrustListDocument({
      ...{ version, issuedAt: Date.now(), expiresAt: Date.now() + 86_400_000 },
      roots: { keys: [signer], threshold: 1 },
      validKeys: [{ key, label: 'key of the server', custody: 'server', scope: ['*'], ...window }],
      ...{ pushKeys: [], revokedKeys: [], projects: [] },
    });
    return signEnvelope('trust', document, [signer]);
  };
  return { pubkeyB64: signer.pubkeyB64, sign };
}

async function namedKey(): Promise<NamedKey> {
  const { signer }: { signer: Signer } = await createKeyPair();
  return { key_id: signer.keyId, pubkey_b64: signer.pubkeyB64 };
}

interface Expected {
  readonly roots: readonly string[];
  readonly key: NamedKey;
  readonly inForce?: unknown;
}

function read(envelope: string, { roots, key, inForce }: Expected) {
  const bytes = new TextEncoder().encode(envelope);
  return readSignedList(bytes, { roots, inForce, keyId: key.key_id, pushKeys: ['none'], now: Date.now() });
}

async function refuses(envelope: string, expected: Expected, code: string): Promise<void> {
  await assert.rejects(read(envelope, expected), { name: 'TrustError', code });
}
