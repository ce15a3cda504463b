/** What was published stays what it was, and what was stopped comes back by nobody's old signature. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { activateRelease } from '../../../src/releases/lifecycle/activation.ts';
import { approveRelease, proposeRelease } from '../../../src/releases/lifecycle/approval.ts';
import { refreshManifests } from '../../../src/releases/lifecycle/refresh.ts';
import {
  changeRelease,
  deleteRelease,
  quarantineRelease,
  restoreRelease,
  withdrawRelease,
} from '../../../src/releases/lifecycle/release.ts';
import { deleteProject, restoreProject } from '../../../src/releases/projects/project.ts';
import { holdDraft } from '../../../src/releases/uploads/store.ts';
import { importTrustList } from '../../../src/trust/trust-lists.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { addDraft, addProject, createScene, dayMs, type Scene, trustKey } from '../scene.ts';

const name = { slug: 'rocket', version: '1.0.0' };

/** A project under approval by one maintainer, with a draft and a signature over its proposal that is not handed in yet. */
async function openProposal(scene: Scene) {
  const { dependencies, caller } = scene;
  const { signer } = await createKeyPair();
  const keys = [trustKey(signer, { custody: 'maintainer' })];
  const projects = [{ project: 'rocket', approvals: 1, counterEpoch: 0 }];
  await importTrustList(dependencies, caller, await scene.signList({ version: 1, keys, projects }));
  const projectId = await addProject(scene, 'rocket');
  const { releaseId } = await addDraft(scene, { projectId, version: '1.0.0' });
  const { manifestId, document } = await proposeRelease(dependencies, caller, { name, keyId: signer.keyId });
  const sig = encodeBase64(await signer.sign(encodeText(document)));
  const approve = () => approveRelease(dependencies, caller, { name, manifestId, keyId: signer.keyId, sig });
  return { approve, releaseId };
}

forEachEngine((_engine, open) => {
  test('a version that was in service takes no other content, not even as a draft again', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    await scene.openServerKey(1);
    const projectId = await addProject(scene, 'rocket');
    const { releaseId } = await addDraft(scene, { projectId, version: '1.0.0' });
    const isOpen = () => dependencies.database.transaction((tx) => holdDraft(tx, releaseId));
    assert.equal(await isOpen(), true, 'before it was published');
    await activateRelease(dependencies, caller, name);
    await withdrawRelease(dependencies, caller, { name, reason: 'broken' });
    assert.equal((await restoreRelease(dependencies, caller, name)).state, 'draft');
    for (const change of [{ changelog: { en: 'other' } }, { channel: 'beta' }, { minVersion: '0.9.0' }]) {
      await assert.rejects(changeRelease(dependencies, caller, { name, change }), { rule: 'release-state' });
    }
    assert.equal(await isOpen(), false, 'an upload would add a file to what clients have already');
  });

  test('an approval signed before a release was stopped does not bring it back', async () => {
    for (const stop of ['withdraw', 'quarantine', 'delete'] as const) {
      const scene = await createScene(await open());
      const { dependencies, caller } = scene;
      const { approve } = await openProposal(scene);
      if (stop === 'withdraw') await withdrawRelease(dependencies, caller, { name, reason: 'broken' });
      else if (stop === 'quarantine') await quarantineRelease(dependencies, caller, { name, reason: 'malware' });
      else await deleteRelease(dependencies, caller, name);
      await assert.rejects(approve(), stop);
      assert.equal((await restoreRelease(dependencies, caller, name)).state, 'draft');
      await assert.rejects(approve(), { rule: 'proposal-replaced' }, `${stop}, restored`);
    }
  });

  test('a deleted project takes no approval and is not signed again', async () => {
    const scene = await createScene(await open());
    const { dependencies, caller } = scene;
    const { approve } = await openProposal(scene);
    await deleteProject(dependencies, caller, 'rocket');
    await assert.rejects(approve(), { code: 'not_found' });
    await restoreProject(dependencies, caller, 'rocket');
    assert.ok((await approve()).manifest);
    await deleteProject(dependencies, caller, 'rocket');
    scene.travel(200 * dayMs);
    assert.deepEqual(await refreshManifests(dependencies), []);
  });
});
