/** Past trust lists as the browser verifies them: what is shown as verified leads to the roots that it trusts already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { RootSet } from '@signpost/protocol/updates/trust-list';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import { checkHistory } from '../src/areas/trust/check-list.ts';

test('lists are believed as far as they lead to the roots in force, and not for what they say of themselves', async () => {
  const [old, now, forger] = await Promise.all([openRoot(), openRoot(), openRoot()]);
  const trusted = rootsOf(now);
  const refusals = async (...documents: unknown[]) =>
    (await checkHistory(documents, trusted)).map(({ refusal }) => refusal?.code);
  const first = await sign(1, old, [old]);
  const rotation = await sign(2, now, [old, now]);
  const later = await sign(3, now, [now]);
  assert.deepEqual(await refusals(first, rotation, later), [undefined, undefined, undefined]);
  assert.deepEqual(await refusals(later), [undefined]);
  const forged = await sign(1, forger, [forger]);
  assert.deepEqual(await refusals(forged), ['root_not_trusted'], 'the only list, with roots of its own');
  const [made, ...rest] = await refusals(forged, rotation, later);
  assert.equal(made, 'root_not_trusted');
  assert.notEqual(rest[0], undefined, 'the next one does not follow from it');
});

async function openRoot(): Promise<Signer> {
  return (await createKeyPair()).signer;
}

function rootsOf(signer: Signer): RootSet {
  return { keys: [signer], threshold: 1 } as unknown as RootSet;
}

async function sign(version: number, root: Signer, signers: readonly Signer[]): Promise<unknown> {
  const document = createTrustListDocument({
    ...{ version, issuedAt: Date.now(), expiresAt: Date.now() + 86_400_000 },
    roots: { keys: [root], threshold: 1 },
    ...{ validKeys: [], pushKeys: [], revokedKeys: [], projects: [] },
  });
  return JSON.parse(await signEnvelope('trust', document, signers));
}
