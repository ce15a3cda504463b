import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { activateRelease } from '../../../src/releases/lifecycle/activation.ts';
import { approveRelease, proposeRelease } from '../../../src/releases/lifecycle/approval.ts';
import { refreshManifests } from '../../../src/releases/lifecycle/refresh.ts';
import {
  changeRelease,
  deleteRelease,
  restoreRelease,
  withdrawRelease,
} from '../../../src/releases/lifecycle/release.ts';
import { listCurrentManifests } from '../../../src/releases/lifecycle/store.ts';
import { readServedManifest } from '../../../src/releases/public/publication.ts';
import { createSigningKey, retireSigningKey } from '../../../src/trust/signing-keys.ts';
import { describeProtection } from '../../../src/trust/status.ts';
import { importTrustList } from '../../../src/trust/trust-lists.ts';
import { silentLog } from '../../silent-log.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { addDraft, addProject, createScene, dayMs, type Scene, start, trustKey } from '../scene.ts';

function served(scene: Scene, channel = 'stable') {
  const { dependencies, caller } = scene;
  return readServedManifest({ ...dependencies, log: silentLog }, caller.organisationId, { slug: 'rocket', channel });
}

function signApproval(scene: Scene, signer: Signer, proposal: { manifestId: string; document: string }) {
  const { dependencies, caller } = scene;
  return signer.sign(encodeText(proposal.document)).then((signature) =>
    approveRelease(dependencies, caller, {
      name: { slug: 'rocket', version: '1.0.0' },
      manifestId: proposal.manifestId,
      keyId: signer.keyId,
      sig: encodeBase64(signature),
    }),
  );
}

forEachEngine((_engine, open) => {
  test('a draft becomes what is served, and the one before it is superseded', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    for (const version of ['1.0.0', '1.1.0']) {
      await addDraft(scene, { projectId, version });
      await activateRelease(dependencies, caller, { slug: 'rocket', version });
    }
    const { manifest } = await served(scene);
    assert.equal(manifest.version, '1.1.0');
    assert.equal(manifest.counter, 2);
    assert.equal(manifest.changelog?.en, '<p><strong>new</strong></p>');
    const states = await dependencies.database.query.selectFrom('release').select('state').orderBy('version').execute();
    assert.deepEqual(
      states.map(({ state }) => state),
      ['superseded', 'active'],
    );
    await verifyAuditChain(dependencies.database);
  });

  test('channels are served side by side, and the counter grows over all of them', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    await addDraft(scene, { projectId, version: '1.0.0' });
    await addDraft(scene, { projectId, version: '2.0.0-beta', channel: 'beta' });
    await activateRelease(dependencies, caller, { slug: 'rocket', version: '1.0.0' });
    await activateRelease(dependencies, caller, { slug: 'rocket', version: '2.0.0-beta' });
    assert.equal((await served(scene)).manifest.counter, 1);
    assert.equal((await served(scene, 'beta')).manifest.counter, 2);
  });

  test('an older release activated again gets a higher counter', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    for (const version of ['1.0.0', '1.1.0']) await addDraft(scene, { projectId, version });
    for (const version of ['1.0.0', '1.1.0', '1.0.0'])
      await activateRelease(dependencies, caller, { slug: 'rocket', version });
    const { manifest } = await served(scene);
    assert.deepEqual([manifest.version, manifest.counter], ['1.0.0', 3]);
  });

  test('twenty callers at once get twenty counters and leave one release active', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    for (const version of ['1.0.0', '1.1.0']) await addDraft(scene, { projectId, version });
    const counters = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const manifest = await activateRelease(dependencies, caller, {
          slug: 'rocket',
          version: index % 2 ? '1.0.0' : '1.1.0',
        });
        return manifest.counter;
      }),
    );
    assert.equal(new Set(counters).size, 20);
    const active = await dependencies.database.query
      .selectFrom('release')
      .select('id')
      .where('state', '=', 'active')
      .execute();
    const current = await dependencies.database.query
      .selectFrom('manifest')
      .select('counter')
      .where('state', '=', 'current')
      .execute();
    assert.deepEqual([active.length, current.map(({ counter }) => counter)], [1, [Math.max(...counters)]]);
  });

  test('nothing is signed while the vault is locked, without a usable key, or after the list expired', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const { key } = await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    await addDraft(scene, { projectId, version: '1.0.0' });
    const activate = () => activateRelease(dependencies, caller, { slug: 'rocket', version: '1.0.0' });
    dependencies.vault.lock();
    await assert.rejects(activate(), { code: 'vault_locked' });
    await dependencies.vault.unlock('a long master password');
    await retireSigningKey(dependencies, caller, key.keyId);
    await assert.rejects(activate(), { rule: 'no-signing-key' });
    scene.travel(731 * dayMs);
    await assert.rejects(activate(), { code: 'trust_expired' });
    const project = await dependencies.database.query.selectFrom('project').select('counter').executeTakeFirstOrThrow();
    assert.equal(project.counter, 0, 'a refusal takes no counter');
  });

  test('a manifest whose key is revoked stops being served at that moment', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const trusted = await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    await addDraft(scene, { projectId, version: '1.0.0' });
    await activateRelease(dependencies, caller, { slug: 'rocket', version: '1.0.0' });
    const revoked = {
      keyId: trusted.key.keyId,
      pubkeyB64: trusted.key.pubkeyB64,
      reason: 'stolen',
      revokedAt: start,
      effectiveFrom: undefined,
    };
    await importTrustList(
      dependencies,
      caller,
      await scene.signList({ version: 2, keys: [trusted], revoked: [revoked] }),
    );
    await assert.rejects(served(scene), { rule: 'manifest-unverifiable' });
    const [outcome] = await refreshManifests(dependencies);
    assert.equal(outcome?.kind, 'refused', 'a server whose only key is revoked cannot sign again');
  });

  test('a manifest is signed again past half of its life, and for a raised counter epoch', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const key = await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    await addDraft(scene, { projectId, version: '1.0.0' });
    await activateRelease(dependencies, caller, { slug: 'rocket', version: '1.0.0' });
    assert.deepEqual(
      (await refreshManifests(dependencies)).map(({ kind }) => kind),
      ['fresh'],
    );
    scene.travel(16 * dayMs);
    assert.deepEqual(
      (await refreshManifests(dependencies)).map(({ kind }) => kind),
      ['refreshed'],
    );
    assert.equal((await served(scene)).manifest.counter, 2);
    const projects = [{ project: 'rocket', approvals: 0, counterEpoch: 1 }];
    await importTrustList(dependencies, caller, await scene.signList({ version: 2, keys: [key], projects }));
    await refreshManifests(dependencies);
    const { manifest } = await served(scene);
    assert.deepEqual([manifest.counterEpoch, manifest.counter, manifest.version], [1, 3, '1.0.0']);
  });

  test('a fault at one manifest keeps no other from being signed again', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await scene.openServerKey(1);
    for (const slug of ['comet', 'rocket']) {
      await addDraft(scene, { projectId: await addProject(scene, slug), version: '1.0.0' });
      await activateRelease(dependencies, caller, { slug, version: '1.0.0' });
    }
    scene.travel(16 * dayMs);
    const query = dependencies.database.query;
    const [first] = await listCurrentManifests(query, undefined);
    assert.ok(first);
    await query.updateTable('project').set({ name: '{' }).where('slug', '=', first.slug).execute();
    const outcomes = await refreshManifests(dependencies);
    assert.deepEqual(
      outcomes.map(({ slug, kind }) => [slug, kind]),
      [first, { slug: first.slug === 'comet' ? 'rocket' : 'comet' }].map(({ slug }, at) => [
        slug,
        at === 0 ? 'failed' : 'refreshed',
      ]),
    );
  });

  test('a withdrawn release is gone at once; restored it is a draft and can be activated', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    await addDraft(scene, { projectId, version: '1.0.0' });
    const name = { slug: 'rocket', version: '1.0.0' };
    await activateRelease(dependencies, caller, name);
    await assert.rejects(deleteRelease(dependencies, caller, name), { rule: 'release-active' });
    await assert.rejects(changeRelease(dependencies, caller, { name, change: { minVersion: '0.9' } }), {
      rule: 'release-state',
    });
    await withdrawRelease(dependencies, caller, { name, reason: 'broken' });
    await assert.rejects(served(scene), { rule: 'no-release' });
    await assert.rejects(activateRelease(dependencies, caller, name), { rule: 'release-state' });
    await deleteRelease(dependencies, caller, name);
    await assert.rejects(activateRelease(dependencies, caller, name), { code: 'not_found' });
    assert.equal((await restoreRelease(dependencies, caller, name)).state, 'withdrawn');
    assert.equal((await restoreRelease(dependencies, caller, name)).state, 'draft');
    assert.equal((await activateRelease(dependencies, caller, name)).counter, 2);
  });

  test('with approvals demanded, two maintainers publish what the server cannot', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const serverKey = await scene.openServerKey(1);
    const maintainers = await Promise.all([createKeyPair(), createKeyPair(), createKeyPair()]);
    const [lead, second] = maintainers.map(({ signer }) => signer);
    assert.ok(lead && second);
    const keys = [
      serverKey,
      ...maintainers.map(({ signer }) => trustKey(signer, { custody: 'maintainer', scope: 'project:rocket' })),
    ];
    await importTrustList(
      dependencies,
      caller,
      await scene.signList({ version: 2, keys, projects: [{ project: 'rocket', approvals: 2, counterEpoch: 0 }] }),
    );
    const projectId = await addProject(scene, 'rocket');
    await addDraft(scene, { projectId, version: '1.0.0' });
    const name = { slug: 'rocket', version: '1.0.0' };
    await assert.rejects(activateRelease(dependencies, caller, name), { rule: 'approval-needed' });
    await assert.rejects(proposeRelease(dependencies, caller, { name, keyId: serverKey.key.keyId }), {
      rule: 'not-a-maintainer',
    });
    const proposal = await proposeRelease(dependencies, caller, { name, keyId: lead.keyId });
    assert.equal((await signApproval(scene, second, proposal)).manifest, undefined);
    await assert.rejects(served(scene), { rule: 'no-release' }, 'nothing is visible before the last approval');
    assert.deepEqual(
      (await signApproval(scene, second, proposal)).proposal.approvals,
      [second.keyId],
      'signing twice counts once',
    );
    const { manifest } = await signApproval(scene, lead, proposal);
    assert.deepEqual([...(manifest?.signers ?? [])].sort(), [lead.keyId, second.keyId].sort());
    assert.equal((await served(scene)).manifest.keyId, lead.keyId, 'older clients check the lead');
    const protection = await describeProtection(dependencies, caller.organisationId, 'rocket');
    assert.equal(protection.protects, 'clients-that-know-scopes');
  });

  test('the lead signs last, after more maintainers than an envelope holds signatures', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const signers = (await Promise.all(Array.from({ length: 34 }, () => createKeyPair()))).map(({ signer }) => signer);
    const [lead, ...others] = signers;
    assert.ok(lead);
    const keys = signers.map((signer) => trustKey(signer, { custody: 'maintainer' }));
    const projects = [{ project: 'rocket', approvals: 2, counterEpoch: 0 }];
    await importTrustList(dependencies, caller, await scene.signList({ version: 1, keys, projects }));
    await addDraft(scene, { projectId: await addProject(scene, 'rocket'), version: '1.0.0' });
    const name = { slug: 'rocket', version: '1.0.0' };
    const proposal = await proposeRelease(dependencies, caller, { name, keyId: lead.keyId });
    for (const signer of others) await signApproval(scene, signer, proposal);
    assert.equal((await signApproval(scene, lead, proposal)).manifest?.signers.length, 32);
    assert.equal((await served(scene)).manifest.keyId, lead.keyId);
  });

  test('a signature by a stranger, over other bytes, or for a replaced proposal is refused', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const { signer } = await createKeyPair();
    const { signer: stranger } = await createKeyPair();
    const keys = [trustKey(signer, { custody: 'maintainer' })];
    await importTrustList(
      dependencies,
      caller,
      await scene.signList({ version: 1, keys, projects: [{ project: 'rocket', approvals: 1, counterEpoch: 0 }] }),
    );
    const projectId = await addProject(scene, 'rocket');
    await addDraft(scene, { projectId, version: '1.0.0' });
    const name = { slug: 'rocket', version: '1.0.0' };
    const first = await proposeRelease(dependencies, caller, { name, keyId: signer.keyId });
    await assert.rejects(signApproval(scene, stranger, first), { rule: 'not-a-maintainer' });
    await assert.rejects(signApproval(scene, signer, { ...first, document: `${first.document} ` }), {
      rule: 'bad-signature',
    });
    const again = await proposeRelease(dependencies, caller, { name, keyId: signer.keyId });
    await assert.rejects(signApproval(scene, signer, first), { rule: 'proposal-replaced' });
    assert.ok((await signApproval(scene, signer, again)).manifest);
    const protection = await describeProtection(dependencies, caller.organisationId, 'rocket');
    assert.equal(protection.protects, 'every-client', 'the list holds no server key');
  });

  test('a server with all its keys and full access to its database cannot publish what needs approval', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const { database } = dependencies;
    const serverKey = await scene.openServerKey(1);
    const { signer: maintainer } = await createKeyPair();
    const projectId = await addProject(scene, 'rocket');
    const { releaseId } = await addDraft(scene, { projectId, version: '1.0.0' });
    const name = { slug: 'rocket', version: '1.0.0' };
    const stolen = await activateRelease(dependencies, caller, name);
    const keys = [serverKey, trustKey(maintainer, { custody: 'maintainer' })];
    await importTrustList(
      dependencies,
      caller,
      await scene.signList({ version: 2, keys, projects: [{ project: 'rocket', approvals: 1, counterEpoch: 0 }] }),
    );
    await assert.rejects(
      served(scene),
      { rule: 'manifest-unverifiable' },
      'the manifest by the server key is no longer enough',
    );
    const proposal = await proposeRelease(dependencies, caller, { name, keyId: maintainer.keyId });
    await database.query.updateTable('manifest').set({ state: 'past' }).where('state', '=', 'current').execute();
    await database.query
      .updateTable('manifest')
      .set({ state: 'current', envelope: stolen.envelope })
      .where('id', '=', proposal.manifestId)
      .execute();
    await database.query.updateTable('release').set({ state: 'active' }).where('id', '=', releaseId).execute();
    await assert.rejects(served(scene), { rule: 'manifest-unverifiable' });
    const own = await createSigningKey(dependencies, caller, { scope: '*', label: 'as a maintainer' });
    await assert.rejects(proposeRelease(dependencies, caller, { name, keyId: own.key_id }), {
      rule: 'not-a-maintainer',
    });
  });
});
