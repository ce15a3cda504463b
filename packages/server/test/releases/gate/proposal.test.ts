/** The gate while things change: between proposal and signature, between verdict and transaction. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { Refusal } from '../../../src/errors.ts';
import { openEvidenceSources } from '../../../src/evidence/sources.ts';
import { insertTrustRoot } from '../../../src/evidence/trust-roots/store.ts';
import { activateRelease } from '../../../src/releases/lifecycle/activation.ts';
import { approveRelease, proposeRelease } from '../../../src/releases/lifecycle/approval.ts';
import { createId } from '../../../src/storage/ids.ts';
import { importTrustList } from '../../../src/trust/trust-lists.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { createScene, type Scene, start, trustKey } from '../scene.ts';
import { createPlace, name, type Place, scanned, setPolicy, waive } from './place.ts';

const suite = join(
  process.env.SIGNPOST_CONFORMANCE ?? join(import.meta.dirname, '../../../../../../shared/conformance'),
  'sigstore',
);

forEachEngine((_engine, open) => {
  test('what maintainers sign names each override: none that comes after the proposal slips past them', async () => {
    const place = await createPlace(await createScene(await open()));
    const { dependencies, caller } = place.scene;
    const propose = await demandMaintainer(place);
    const outdated = (error: unknown) => error instanceof Refusal && error.rule === 'proposal-outdated';
    const before = await propose();
    await setPolicy(place, scanned);
    await waive(place, ['scan']);
    await assert.rejects(approveRelease(dependencies, caller, before), outdated);
    const rows = await dependencies.database.query.selectFrom('approval').select('key_id').execute();
    assert.equal(rows.length, 0);
    const approval = await propose();
    const { manifest } = await approveRelease(dependencies, caller, approval);
    assert.equal(manifest?.evidence?.verdict?.result, 'waived');
    assert.equal(manifest?.evidence?.verdict?.overrides.length, 1);
  });

  test('no proposal outlives the policy that it was made under', async () => {
    const place = await createPlace(await createScene(await open()));
    const propose = await demandMaintainer(place);
    await setPolicy(place, 'policy: 1\napprovals: 1\n');
    const approval = await propose();
    await setPolicy(place, undefined);
    await assert.rejects(approveRelease(place.scene.dependencies, place.scene.caller, approval), /proposed/);
  });

  test('a trusted root that is taken away while a release is judged by it is not relied upon', async () => {
    const place = await createPlace(await createScene(await open()));
    const { scene } = place;
    const { database, evidence } = scene.dependencies;
    await addRootRow(scene, { name: 'sigstore', expires_at: null });
    const readTrustedRoots = async () => {
      await database.query.deleteFrom('evidence_root').execute();
      return [];
    };
    const dependencies = { ...scene.dependencies, evidence: { ...evidence, readTrustedRoots } };
    await setPolicy(place, `${scanned}mode: observe\n`);
    await assert.rejects(
      activateRelease(dependencies, scene.caller, name),
      (error: unknown) => error instanceof Refusal && error.rule === 'evidence-changed',
    );
    await activateRelease(dependencies, scene.caller, name);
  });

  test('trusted roots whose repository stopped telling whether they are current say nothing', async () => {
    const scene = await createScene(await open());
    const { database, now } = scene.dependencies;
    await addRootRow(scene, { name: 'ended', expires_at: start });
    await addRootRow(scene, { name: 'followed', expires_at: start + 1 });
    await addRootRow(scene, { name: 'uploaded', expires_at: null });
    const { readTrustedRoots } = openEvidenceSources({ database, now });
    const roots = await readTrustedRoots(scene.caller.organisationId);
    assert.deepEqual(
      roots.map((root) => root.name),
      ['followed', 'uploaded'],
    );
  });
});

async function demandMaintainer({ scene }: Place) {
  const { dependencies, caller } = scene;
  const { signer: maintainer } = await createKeyPair();
  const list = await scene.signList({
    version: 2,
    keys: [trustKey(maintainer, { custody: 'maintainer' })],
    projects: [{ project: 'rocket', approvals: 1, counterEpoch: 0 }],
  });
  await importTrustList(dependencies, caller, list);
  const { keyId } = maintainer;
  return async () => {
    const { manifestId, document } = await proposeRelease(dependencies, caller, { name, keyId });
    return { name, manifestId, keyId, sig: encodeBase64(await maintainer.sign(encodeText(document))) };
  };
}

async function addRootRow(
  { dependencies: { database }, caller }: Scene,
  row: { readonly name: string; readonly expires_at: number | null },
): Promise<void> {
  const document = await readFile(join(suite, 'trusted_root.public-good.json'), 'utf8');
  await insertTrustRoot(database.query, {
    ...{ id: createId(start), organisation_id: caller.organisationId, source: 'file', document },
    ...{ metadata_url: null, targets_url: null, target: null, pinned_root: null, next_check_at: null },
    ...{ accepted_at: start, authorities_end_at: null, root_version: null, root_expires_at: null, checked_at: null },
    digest: Buffer.from(row.name).toString('hex').padEnd(64, '0'),
    ...{ failures: 0, failure_code: null, failure: null, since: start, created_at: start, ...row },
  });
}
