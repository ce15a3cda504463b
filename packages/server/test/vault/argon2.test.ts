import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.ts';
import { currentParameters, deriveMasterKey, encodeParameters, parseParameters } from '../../src/vault/argon2.ts';

const cheap = { passes: 1, memoryKib: 64, parallelism: 1 };
const salt = new Uint8Array(16).fill(2);

test('the parameters are those that the documentation promises', () => {
  assert.deepEqual(currentParameters, { passes: 3, memoryKib: 65536, parallelism: 4 });
  assert.deepEqual(parseParameters(encodeParameters(currentParameters)), currentParameters);
});

test('stored parameters that are foreign or would exhaust the machine are refused', () => {
  const stored = JSON.parse(encodeParameters(currentParameters));
  const changes = [
    { algorithm: 'argon2d' },
    { passes: 0 },
    { passes: 1.5 },
    { memoryKib: 2 ** 31 },
    { parallelism: '4' },
  ];
  for (const change of changes) {
    assert.throws(() => parseParameters(JSON.stringify({ ...stored, ...change })), Refusal);
  }
});

test('password, salt and parameters each change the key', async () => {
  const key = await derive('password');
  assert.equal(key.length, 32);
  assert.deepEqual(await derive('password'), key);
  assert.notDeepEqual(await derive('Password'), key);
  const otherSalt = await deriveMasterKey('password', new Uint8Array(16).fill(3), cheap);
  assert.notDeepEqual(otherSalt.export(), key);
  const otherCost = await deriveMasterKey('password', salt, { ...cheap, passes: 2 });
  assert.notDeepEqual(otherCost.export(), key);
});

test('the same letters composed in another way are the same password', async () => {
  assert.deepEqual(await derive('Gr\u00fc\u00dfe'), await derive('Gru\u0308\u00dfe'));
});

test('a crowd at the vault is refused beyond eight, and let in again afterwards', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 12 }, () => derive('password')));
  const refused = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(refused.length, 4);
  assert.ok(refused.every(({ reason }) => reason instanceof Refusal && reason.code === 'unavailable'));
  await derive('password');
});

async function derive(password: string): Promise<Buffer> {
  return (await deriveMasterKey(password, salt, cheap)).export();
}
