import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { listAudit, verifyAuditChain } from '../../src/audit/store.ts';
import { recordExpiryCrossings, trafficLight } from '../../src/trust/expiry.ts';
import {
  activateSigningKey,
  createSigningKey,
  retireSigningKey,
  revokeSigningKey,
} from '../../src/trust/signing-keys.ts';
import { listRootChanges, measureRootChanges } from '../../src/trust/store.ts';
import { importTrustList, pinRoots, readTrustInForce } from '../../src/trust/trust-lists.ts';
import { createScene, dayMs, start, trustKey } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

forEachEngine((_engine, open) => {
  test('a list signed by the pinned root comes into force', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const { changed } = await importTrustList(dependencies, caller, await scene.signList({ version: 3 }));
    const list = await readTrustInForce(dependencies.database.query, caller.organisationId);
    assert.equal(changed, true);
    assert.equal(list?.version, 3);
  });

  test('the same list again changes nothing, another one of the same version is refused', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const bytes = await scene.signList({ version: 1 });
    await importTrustList(dependencies, caller, bytes);
    assert.equal((await importTrustList(dependencies, caller, bytes)).changed, false);
    const other = await scene.signList({ version: 1, expiresAt: start + 10 * dayMs });
    await assert.rejects(importTrustList(dependencies, caller, other), { code: 'trust_replayed' });
  });

  test('a lower version, a stranger as signer and an expired list are refused, and each refusal is audited', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const { signer: stranger } = await createKeyPair();
    await importTrustList(dependencies, caller, await scene.signList({ version: 5 }));
    const refusals = [
      { wish: { version: 4 }, code: 'trust_replayed' },
      { wish: { version: 6, signers: [stranger] }, code: 'bad_signature' },
      { wish: { version: 6, issuedAt: start - 2 * dayMs, expiresAt: start - dayMs }, code: 'trust_expired' },
    ];
    for (const { wish, code } of refusals) {
      await assert.rejects(importTrustList(dependencies, caller, await scene.signList(wish)), { code });
    }
    const rows = await listAudit(dependencies.database, {
      organisationId: caller.organisationId,
      action: 'trust.import_refused',
      limit: 10,
    });
    assert.deepEqual(
      rows.map(({ detail }) => JSON.parse(detail ?? '').code).sort(),
      refusals.map(({ code }) => code).sort(),
    );
    await verifyAuditChain(dependencies.database);
  });

  test('new roots come into force only when old and new ones sign, and the chain is walked from the pin', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller, root } = scene;
    const { signer: second } = await createKeyPair();
    const roots = { signers: [root, second], threshold: 2 };
    await assert.rejects(importTrustList(dependencies, caller, await scene.signList({ version: 2, roots })), {
      code: 'root_not_trusted',
    });
    await importTrustList(dependencies, caller, await scene.signList({ version: 2, roots, signers: [root, second] }));
    await assert.rejects(importTrustList(dependencies, caller, await scene.signList({ version: 3, roots })), {
      code: 'bad_signature',
    });
    const last = await scene.signList({ version: 3, roots, signers: [root, second] });
    await importTrustList(dependencies, caller, last);
    const list = await readTrustInForce(dependencies.database.query, caller.organisationId);
    assert.equal(list?.rootsInForce.threshold, 2);
  });

  test('the chain of root changes grows no longer than clients follow it', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller, root } = scene;
    const { query } = dependencies.database;
    const signers = [root, (await createKeyPair()).signer];
    const importChange = async (version: number, threshold: number) =>
      importTrustList(dependencies, caller, await scene.signList({ version, roots: { signers, threshold }, signers }));
    await importChange(1, 2);
    // The same change again and again: what was seen is accepted again, so that the chain holds.
    const [link] = await listRootChanges(query, caller.organisationId);
    assert.ok(link);
    const more = Array.from({ length: 254 }, (_, index) => ({ ...link, version: index + 2 }));
    await query.insertInto('trust_list').values(more).execute();
    await importChange(300, 1);
    await assert.rejects(importChange(301, 2), { rule: 'root-chain-full' });
    assert.equal((await listRootChanges(query, caller.organisationId)).length, 256);
    await importTrustList(dependencies, caller, await scene.signList({ version: 302, signers }));
    const { bytes } = await measureRootChanges(query, caller.organisationId);
    assert.ok(bytes > 255 * link.envelope.length && bytes < 4_194_304);
  });

  test('a list that was altered in the database is not believed', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await importTrustList(dependencies, caller, await scene.signList({ version: 1 }));
    const { signer: thief } = await createKeyPair();
    const forged = new TextDecoder().decode(
      await scene.signList({ version: 1, keys: [trustKey(thief)], signers: [thief] }),
    );
    await dependencies.database.query.updateTable('trust_list').set({ envelope: forged }).execute();
    await assert.rejects(readTrustInForce(dependencies.database.query, caller.organisationId), {
      code: 'bad_signature',
    });
  });

  test('roots are pinned once', async () => {
    const { dependencies, caller } = await createScene(await open());
    const { signer } = await createKeyPair();
    await assert.rejects(pinRoots(dependencies, caller, { rootKeys: [signer.pubkeyB64], threshold: 1 }), {
      rule: 'roots-pinned',
    });
  });

  test('a key that the trust list does not hold cannot be activated', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await importTrustList(dependencies, caller, await scene.signList({ version: 1 }));
    const row = await createSigningKey(dependencies, caller, { scope: '*', label: 'new' });
    await assert.rejects(activateSigningKey(dependencies, caller, row.key_id), { rule: 'key-not-in-trust-list' });
    const asMaintainer = trustKey({ keyId: row.key_id, pubkeyB64: row.pubkey_b64 }, { custody: 'maintainer' });
    await importTrustList(dependencies, caller, await scene.signList({ version: 2, keys: [asMaintainer] }));
    await assert.rejects(activateSigningKey(dependencies, caller, row.key_id), { rule: 'key-not-in-trust-list' });
  });

  test('activating a key retires the one before it, and only one is ever active', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const first = await scene.openServerKey(1);
    const row = await createSigningKey(dependencies, caller, { scope: '*', label: 'second' });
    const second = trustKey({ keyId: row.key_id, pubkeyB64: row.pubkey_b64 });
    await importTrustList(dependencies, caller, await scene.signList({ version: 2, keys: [first, second] }));
    await activateSigningKey(dependencies, caller, row.key_id);
    const rows = await dependencies.database.query.selectFrom('signing_key').select(['key_id', 'state']).execute();
    assert.deepEqual(
      new Map(rows.map(({ key_id, state }) => [key_id, state])),
      new Map([
        [first.key.keyId, 'retired'],
        [row.key_id, 'active'],
      ]),
    );
    await assert.rejects(
      dependencies.database.query.updateTable('signing_key').set({ state: 'active' }).execute(),
      'the partial unique index refuses a second active key',
    );
  });

  test('a revoked key never comes back', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const { key } = await scene.openServerKey(1);
    await revokeSigningKey(dependencies, caller, key.keyId);
    await assert.rejects(activateSigningKey(dependencies, caller, key.keyId), { rule: 'key-state' });
    await assert.rejects(retireSigningKey(dependencies, caller, key.keyId), { rule: 'key-state' });
  });

  test('each crossing of 90, 30 and 0 days before expiry is audited once', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await importTrustList(dependencies, caller, await scene.signList({ version: 1, expiresAt: start + 100 * dayMs }));
    const actions = async () => {
      await recordExpiryCrossings(dependencies);
      await recordExpiryCrossings(dependencies);
      const rows = await dependencies.database.query
        .selectFrom('audit_event')
        .select('action')
        .orderBy('sequence')
        .execute();
      return rows.map(({ action }) => action).filter((action) => action.startsWith('trust.exp'));
    };
    assert.deepEqual(await actions(), []);
    scene.travel(11 * dayMs);
    assert.deepEqual(await actions(), ['trust.expiry_warning_90']);
    scene.travel(90 * dayMs);
    assert.deepEqual(await actions(), ['trust.expiry_warning_90', 'trust.expiry_warning_30', 'trust.expired']);
  });
});

test('the light is green above 90 days, yellow above 30, red below, none without a list', () => {
  const lights = [91, 90, 31, 30, -1].map((days) => trafficLight(start + days * dayMs, start));
  assert.deepEqual(lights, ['green', 'yellow', 'yellow', 'red', 'red']);
  assert.equal(trafficLight(undefined, start), 'none');
});
