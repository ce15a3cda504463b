/** Properties of signed metadata: what was signed cannot be changed, and how it is written does not matter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { encodeOlpc } from '@signpost/protocol/json/olpc';
import { parseOlpc } from '@signpost/protocol/json/parse';
import { rootSigners, verifyPinnedRoot } from '@signpost/protocol/tuf/root';
import { targetsFormat } from '@signpost/protocol/tuf/targets';
import { verifyFile } from '@signpost/protocol/tuf/update';
import fc from 'fast-check';
import { signableValues } from '../json/signable-values.ts';
import { createTestKey, nameKeys, signMetadata, TestRepository } from './repository.ts';

const repository = await TestRepository.create();
const root = await verifyPinnedRoot(repository.pinnedRoot);
const rules = { format: targetsFormat, signers: rootSigners(root, 'targets'), limitBytes: 1_000_000 };

test('whatever is written in OLPC canonical JSON reads as what it was, but for raw control characters', () => {
  fc.assert(
    fc.property(signableValues, (value) => {
      const bytes = encodeOlpc(value);
      if (/[\u0000-\u001f]/.test(parseText(bytes))) return;
      assert.deepEqual(encodeOlpc(parseOlpc(bytes, 1_000_000)), bytes);
    }),
  );
});

test('two different values never have the same canonical bytes', () => {
  fc.assert(
    fc.property(signableValues, signableValues, (left, right) => {
      const isSame = JSON.stringify(encodeSorted(left)) === JSON.stringify(encodeSorted(right));
      assert.equal(Buffer.compare(encodeOlpc(left), encodeOlpc(right)) === 0, isSame);
    }),
  );
});

test('any change of one character of a signed file is refused, or changes nothing that is signed', async () => {
  const text = parseText(await signMetadata(repository.roles.targets, repository.keys.targets ?? []));
  const { version } = await verifyFile(encodeText(text), rules);
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), async (at, character) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      const outcome = await verifyFile(encodeText(changed), rules).catch((error: unknown) => error);
      if (outcome instanceof TrustError) return;
      assert.ok(!(outcome instanceof Error), String(outcome));
      assert.deepEqual(JSON.parse(changed).signed, JSON.parse(text).signed);
      assert.equal(JSON.parse(changed).signed.version, version);
    }),
    { numRuns: 500 },
  );
});

test('a threshold is met by so many different keys, and not by fewer', async () => {
  const keys = await Promise.all(Array.from({ length: 5 }, createTestKey));
  await fc.assert(
    fc.asyncProperty(fc.subarray(keys), fc.integer({ min: 1, max: 7 }), async (signing, threshold) => {
      const holder = { keys: {} };
      const role = nameKeys(holder, keys, threshold);
      const signed = { ...repository.root, ...holder, roles: { ...repository.root.roles, root: role } };
      const outcome = verifyPinnedRoot(await signMetadata(signed, signing));
      if (signing.length >= threshold) assert.equal((await outcome).version, 1);
      else await assert.rejects(outcome, { code: 'bad_signature' });
    }),
    { numRuns: 60 },
  );
});

/** Members in one order, so that equal values have equal texts. */
function encodeSorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(encodeSorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => [key, encodeSorted(member)]);
}
