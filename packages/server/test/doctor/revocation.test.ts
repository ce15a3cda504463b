/** The doctor on lists of revoked certificates and keys that answer by OCSP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examine } from '../../src/doctor/doctor.ts';
import { examineRevocation, judgeLight } from '../../src/doctor/revocation.ts';
import { orderPublication } from '../../src/pki/revocation/root.ts';
import { createRevocationScene, type RevocationScene } from '../pki/revocation/scene.ts';
import { pkiSceneOf, rootPassphrase } from '../pki/scene.ts';
import { openPlanesScene } from '../planes-scene.ts';
import { dayMs } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

async function find({ parts, caller }: RevocationScene): Promise<string[]> {
  const findings = await examineRevocation(parts, caller.organisationId);
  return findings.map(({ level, code, message }) => `${level} ${code} ${message.split(':')[0]}`);
}

async function light({ parts, caller }: RevocationScene): Promise<unknown[]> {
  return Object.values(await judgeLight(parts, caller.organisationId));
}

forEachEngine((_engine, open) => {
  test('the doctor sees lists and responders of a root that run out, and lists that are over', async () => {
    const scene = await createRevocationScene(await open());
    const { parts, caller, travel } = scene;
    await parts.publisher.request(scene.place);
    assert.deepEqual([await find(scene), await light(scene)], [[], ['green', 0]]);
    travel(6 * dayMs);
    assert.deepEqual(await find(scene), ['warning crl-ending issuing']);
    await parts.publisher.refresh();
    assert.deepEqual(await find(scene), []);
    travel(56 * dayMs);
    await parts.publisher.refresh();
    assert.deepEqual(await find(scene), ['warning ocsp-ending root']);
    travel(95 * dayMs);
    await parts.publisher.refresh();
    assert.deepEqual(await find(scene), ['warning crl-ending root', 'warning ocsp-missing root']);
    assert.deepEqual(await light(scene), ['yellow', 1]);
    travel(30 * dayMs);
    assert.deepEqual(await find(scene), [
      'error crl-ended root',
      'warning ocsp-missing root',
      'error crl-ended issuing',
    ]);
    assert.deepEqual(await light(scene), ['red', 2]);
    await parts.publisher.refresh();
    await orderPublication(parts, caller, { authority: 'root', passphrase: rootPassphrase });
    assert.deepEqual([await find(scene), await light(scene)], [[], ['green', 0]]);
    await scene.parts.database.query.deleteFrom('revocation_list').execute();
    assert.deepEqual(await find(scene), ['warning crl-missing root']);
    const elsewhere = { custody: 'offline', sealed_key: null, dual_protection: null } as const;
    await scene.parts.database.query.updateTable('authority').set(elsewhere).execute();
    const hints = (await examineRevocation(parts, caller.organisationId)).map(({ hint }) => hint);
    assert.match(hints[0] ?? '', /signpost ca crl import root FILE/);
  });

  test('the doctor sees a root whose list does not say what it revoked since', async () => {
    const scene = await createRevocationScene(await open());
    await scene.parts.database.query
      .updateTable('certificate')
      .set({ state: 'revoked', reason: 'cACompromise', revoked_at: scene.parts.now() })
      .where('subject_authority_id', '=', scene.place.authorityId)
      .execute();
    assert.deepEqual(await find(scene), ['warning crl-behind root']);
  });
});

test('the doctor tells of revocation the organisation whose authority it is', async (t) => {
  const scene = await openPlanesScene(t);
  const codes = async (id: string) => (await examine(scene.resources, id)).map(({ code }) => code);
  await pkiSceneOf(scene.home).createRoot();
  scene.home.travel(190 * dayMs);
  assert.ok((await codes(scene.home.caller.organisationId)).some((code) => code.startsWith('crl-')));
  assert.ok(!(await codes(scene.other.caller.organisationId)).some((code) => code.startsWith('crl-')));
});
