/** Keys that people name for a source: who holds them is accepted, and what could not be judged is looked at again. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { decideSigners } from '../../../src/watch/decisions/decide-signers.ts';
import type { SignatureFact } from '../../../src/watch/facts/fact-set.ts';
import { listRequests } from '../../../src/watch/observing/store.ts';
import { changeSettings } from '../../../src/watch/policies/settings.ts';
import { createFindPublisherKeys } from '../../../src/watch/publisher-keys/find-keys.ts';
import { namePublisherKey, removePublisherKey } from '../../../src/watch/publisher-keys/publisher-key.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { easeSettings } from '../policies/ease.ts';
import { contentOf, type Desk, openDesk } from '../recording/desk.ts';

/** A key as Sparkle has it. */
function createKeyFile(): Uint8Array<ArrayBuffer> {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return new Uint8Array(Buffer.from(raw.toString('base64')));
}

const claiming = (issuer: string): SignatureFact => ({
  ...{ kind: 'gpg', format: 'detached', outcome: 'unverifiable', reason: 'key_unknown', issuer, transparency: 'none' },
});
const verifiedBy = (key: string): SignatureFact => ({
  ...{ kind: 'gpg', format: 'detached', outcome: 'verified', key, transparency: 'none' },
});
const unproven = { provenance: [], sbom: 'absent' } as const;

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  /** A line all of whose artifacts are signed by a key that nobody named. */
  const openSigned = async (): Promise<Desk> => {
    const desk = await openDesk(await database, `keys-${++count}`);
    desk.goTo(10);
    for (const onDay of [1, 2, 3]) await desk.see(onDay, { ...unproven, signatures: [claiming('AA')] });
    return desk;
  };
  const name = (desk: Desk, file = createKeyFile()) =>
    namePublisherKey(desk, desk.caller, { sourceId: desk.source.id, file, reason: 'their page says so' });
  const kindsAt = async (desk: Desk, onDay: number, signatures: readonly SignatureFact[]) =>
    (await desk.see(onDay, { ...unproven, signatures })).findings
      .get(contentOf(onDay))
      ?.map(({ kind, severity }) => `${kind} ${severity}`);

  test('whose signatures say that they are is learned, and told when it changes or ends', async () => {
    const desk = await openSigned();
    const { state, signed, claimed } = await desk.latest();
    assert.deepEqual([state, signed, claimed], ['established', 'never', { present: 'always', issuers: ['gpg AA'] }]);
    assert.deepEqual(await kindsAt(desk, 4, [claiming('AA')]), []);
    assert.deepEqual(await kindsAt(desk, 5, [claiming('BB')]), ['key.claim_changed medium']);
    assert.deepEqual(await kindsAt(desk, 6, []), ['signature.lost medium']);
    assert.ok(await desk.isRebuilt());
  });

  test('who holds a named key is accepted, and what could not be judged is looked at again', async () => {
    const desk = await openSigned();
    const { key } = await name(desk);
    assert.deepEqual((await desk.latest()).keys, [{ key, state: 'accepted' }]);
    const asked = await listRequests(desk.database.query, desk.source.id, desk.now());
    assert.deepEqual(asked.map(({ content }) => content).sort(), [1, 2, 3].map(contentOf));
    assert.deepEqual(await kindsAt(desk, 3, [verifiedBy(key)]), []);
    assert.deepEqual(await kindsAt(desk, 4, [verifiedBy(key)]), []);
    assert.deepEqual(await kindsAt(desk, 5, [claiming('BB')]), [
      'signature.unverifiable high',
      'key.claim_changed medium',
    ]);
    assert.deepEqual(await kindsAt(desk, 6, [verifiedBy('b'.repeat(64))]), ['key.new high']);
    assert.ok(await desk.isRebuilt());
  });

  test('a key verifies for its source and organisation alone, until it is taken back', async () => {
    const desk = await openSigned();
    const { id, key } = await name(desk);
    const find = createFindPublisherKeys(desk.database.query);
    const { organisationId } = desk.caller;
    const own = { organisationId, key: desk.source.key };
    assert.deepEqual(
      (await find(own)).map((one) => one.key),
      [key],
    );
    assert.deepEqual(await find({ ...own, key: 'oci:ghcr.io/org/other' }), []);
    const stranger = await openDesk(desk.database, `other-${count}`);
    assert.deepEqual(await find({ ...own, organisationId: stranger.caller.organisationId }), []);
    const taken = { sourceId: desk.source.id, id };
    await assert.rejects(removePublisherKey(desk, stranger.caller, taken), { code: 'not_found' });
    await removePublisherKey(desk, desk.caller, taken);
    assert.deepEqual(await find(own), []);
    await assert.rejects(removePublisherKey(desk, desk.caller, taken), { code: 'not_found' });
  });

  test('what is no key, a key twice, one that was turned away, and too many are refused', async () => {
    const desk = await openSigned();
    const file = createKeyFile();
    await assert.rejects(name(desk, new Uint8Array(Buffer.from('no key'))), {
      code: 'invalid',
      rule: 'watch-key-file',
    });
    await assert.rejects(name(desk, new Uint8Array(600_000)), { code: 'too_large' });
    const { id, key } = await name(desk, file);
    await assert.rejects(name(desk, file), { code: 'conflict', rule: 'watch-key-known' });
    await removePublisherKey(desk, desk.caller, { sourceId: desk.source.id, id });
    await decideSigners(desk, desk.caller, {
      ...{ sourceId: desk.source.id, kind: 'revoke', line: undefined, reason: 'stolen' },
      signers: { identities: [], keys: [key] },
    });
    await assert.rejects(name(desk, file), { code: 'conflict', rule: 'watch-key-turned-away' });
    for (let named = 0; named < 20; named += 1) await name(desk);
    await assert.rejects(name(desk), { code: 'conflict', rule: 'watch-key-quota' });
  });

  test('where two people accept a stranger, one does not name their key', async () => {
    const desk = await openSigned();
    await changeSettings(desk, desk.caller, { twoPeople: true });
    await assert.rejects(name(desk), { code: 'forbidden', rule: 'watch-two-people' });
    await easeSettings(desk);
    const file = createKeyFile();
    const { id } = await name(desk, file);
    await removePublisherKey(desk, desk.caller, { sourceId: desk.source.id, id });
    await changeSettings(desk, desk.caller, { twoPeople: true });
    await name(desk, file);
  });
});
