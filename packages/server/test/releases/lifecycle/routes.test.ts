import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { importTrustList } from '../../../src/trust/trust-lists.ts';
import { problem } from '../../planes-problem.ts';
import {
  type Answer,
  addStoredDraft,
  type Credential,
  openPlanesScene,
  openShop,
  type PlanesScene,
} from '../../planes-scene.ts';
import { addProject, dayMs, trustKey } from '../scene.ts';

const releases = '/api/projects/rocket/releases';

/** The releases that somebody sees, as `1.0.0 active`. */
async function see(scene: PlanesScene, as: Credential): Promise<string[]> {
  const { json } = await scene.ask('GET', releases, { as });
  return (json.releases as { version: string; state: string }[]).map(({ version, state }) => `${version} ${state}`);
}

suite('a release', () => {
  test('is seen as a draft by members of its project only', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '2.0.0', changelog: { en: '**secret**' } });
    const kept = [
      {},
      await scene.openKey(scene.home, ['read', 'manage'], 'project:other-app'),
      await scene.openKey(scene.home, ['metrics']),
      await scene.openKey(scene.other, ['read']),
      await scene.openPerson(scene.other, 'admin'),
      { authorization: 'Bearer sgp_nonsense' },
    ];
    for (const as of kept) {
      assert.deepEqual(await see(scene, as), ['1.0.0 active']);
      assert.equal(problem(await scene.ask('GET', `${releases}/2.0.0`, { as })), '404 not_found');
    }
    const scoped = await scene.openKey(scene.home, ['read'], 'project:rocket');
    for (const as of [key, scoped, await scene.openPerson(scene.home, 'viewer')]) {
      assert.deepEqual(await see(scene, as), ['2.0.0 draft', '1.0.0 active']);
      assert.equal((await scene.ask('GET', `${releases}/2.0.0`, { as })).json.state, 'draft');
    }
    const page = (await scene.ask('GET', '/rocket/info')).body.toString();
    assert.ok(page.includes('1.0.0') && !page.includes('2.0.0') && !page.includes('secret'));
  });

  test('is shown with its files, its changelog as text and as HTML that is safe', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key: as } = await openShop(scene);
    const changelog = { en: '# New\n<script>alert(1)</script> [x](javascript:alert(1))', de: '*Neu*' };
    const [sha256] = await addStoredDraft(scene, { projectId, version: '2.0.0+b1', changelog });
    const shown = (await scene.ask('GET', `${releases}/2.0.0+b1`, { as })).json;
    assert.deepEqual(shown.changelog, changelog);
    const html = shown.changelog_html as Record<string, string>;
    assert.equal(html.de, '<p><em>Neu</em></p>');
    assert.ok(!/<script|href="javascript/i.test(String(html.en)));
    const [artifact] = shown.artifacts as Record<string, unknown>[];
    assert.equal(artifact?.sha256, sha256);
    assert.equal(artifact?.url, '/rocket/2.0.0%2Bb1/app-2.0.0%2Bb1.zip');
    assert.deepEqual(artifact?.scan, { status: 'not_scanned' });
    assert.equal((await scene.ask('GET', String(artifact?.url), { as })).status, 200);
  });

  test('goes from draft to active to superseded to withdrawn to draft, and refuses every other way by name', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key: as } = await openShop(scene);
    const act = (verb: string, version: string, json?: unknown) =>
      scene.ask('POST', `${releases}/${version}/${verb}`, { as, ...(json === undefined ? {} : { json }) });
    const change = (version: string, json: unknown) => scene.ask('PATCH', `${releases}/${version}`, { as, json });
    const reason = { reason: 'it eats files' };
    await addStoredDraft(scene, { projectId, version: '2.0.0' });
    assert.equal((await change('2.0.0', { min_version: '1.0.0', changelog: { en: 'x' } })).json.min_version, '1.0.0');
    const activated = await act('activate', '2.0.0');
    const { key_id: keyId, ...facts } = activated.json;
    assert.deepEqual(facts, { state: 'active', version: '2.0.0', channel: 'stable', counter: 2 });
    assert.match(String(keyId), /^[0-9a-f]{64}$/);
    assert.deepEqual(await see(scene, as), ['2.0.0 active', '1.0.0 superseded']);
    assert.equal(problem(await change('2.0.0', { min_version: null })), '409 release-state');
    assert.equal(problem(await scene.ask('DELETE', `${releases}/2.0.0`, { as })), '409 release-active');
    assert.equal(problem(await act('restore', '2.0.0')), '409 release-state');
    const withdrawn = await act('withdraw', '2.0.0', reason);
    assert.deepEqual([withdrawn.json.state, withdrawn.json.reason], ['withdrawn', 'it eats files']);
    assert.deepEqual(await see(scene, {}), ['1.0.0 superseded']);
    const again = await act('withdraw', '2.0.0', reason);
    assert.equal(problem(again), '409 release-state');
    const refused = await act('activate', '2.0.0');
    assert.equal(problem(refused), '409 release-state');
    assert.match(String(refused.json.hint), /restore/);
    assert.equal((await scene.ask('DELETE', `${releases}/2.0.0`, { as })).status, 204);
    assert.equal(problem(await act('activate', '2.0.0')), '404 not_found');
    assert.equal((await act('restore', '2.0.0')).json.state, 'withdrawn');
    assert.equal((await act('restore', '2.0.0')).json.state, 'draft');
    assert.equal((await act('activate', '2.0.0')).json.counter, 3);
    await verifyAuditChain(scene.resources.database);
  });

  test('is changed within bounds only', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key: as } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '2.0.0' });
    const change = (json: unknown) => scene.ask('PATCH', `${releases}/2.0.0`, { as, json });
    const refused: [unknown, string][] = [
      [{ changelog: { 'not a locale': 'x' } }, '400 schema'],
      [{ changelog: { en: 'x'.repeat(60_001) } }, '400 schema'],
      [{ changelog: { en: '<'.repeat(60_000) } }, '400 changelog-length'],
      [{ min_version: '../1' }, '400 invalid'],
      [{ min_version: 'x'.repeat(65) }, '400 schema'],
      [{ channel: 'Not-A-Channel' }, '400 schema'],
    ];
    for (const [json, expected] of refused)
      assert.equal(problem(await change(json)), expected, JSON.stringify(json).slice(0, 60));
    assert.equal((await change({ channel: 'beta', changelog: { en: 'x'.repeat(60_000) } })).status, 200);
    assert.equal((await scene.ask('POST', `${releases}/2.0.0/activate`, { as })).json.channel, 'beta');
    assert.equal(problem(await scene.ask('POST', `${releases}/1.0.0/withdraw`, { as, json: {} })), '400 schema');
    const long = { reason: 'x'.repeat(501) };
    assert.equal(problem(await scene.ask('POST', `${releases}/1.0.0/withdraw`, { as, json: long })), '400 schema');
  });

  test('is not signed while something is missing, and each refusal says what', async (t) => {
    const scene = await openPlanesScene(t);
    const { home } = scene;
    const as = await scene.openKey(home, ['activate', 'admin']);
    const projectId = await addProject(home, 'rocket');
    await addStoredDraft(scene, { projectId, version: '1.0.0' });
    const activate = async () => scene.ask('POST', `${releases}/1.0.0/activate`, { as });
    const expected = async (what: string, hint: RegExp) => {
      const answer = await activate();
      assert.equal(problem(answer), what);
      assert.match(String(answer.json.hint), hint);
    };
    await expected('422 trust-missing', /signpost root init/);
    await importTrustList(home.dependencies, home.caller, await home.signList({ version: 1 }));
    await expected('422 no-signing-key', /signpost key create/);
    await home.openServerKey(2);
    scene.resources.vault.lock();
    await expected('503 vault_locked', /signpost unlock/);
    await scene.resources.vault.unlock('a long master password');
    await scene.resources.database.query.deleteFrom('artifact').execute();
    await expected('409 release-empty', /signpost release upload/);
    home.travel(731 * dayMs);
    assert.equal(problem(await activate()), '422 trust_expired');
  });

  test('moves only by those who may, each for its own verb', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '2.0.0' });
    const upload = await scene.openKey(scene.home, ['upload']);
    const activate = await scene.openKey(scene.home, ['activate'], 'project:rocket');
    const elsewhere = await scene.openKey(scene.home, ['activate'], 'project:other-app');
    const path = `${releases}/2.0.0`;
    assert.equal((await scene.ask('PATCH', path, { as: upload, json: { min_version: '1' } })).status, 200);
    assert.equal(problem(await scene.ask('POST', `${path}/activate`, { as: upload })), '403 role');
    assert.equal(problem(await scene.ask('POST', `${path}/activate`, { as: elsewhere })), '404 not_found');
    assert.equal(problem(await scene.ask('POST', `${path}/activate`)), '401 unauthenticated');
    assert.equal(problem(await scene.ask('DELETE', path, { as: activate })), '403 role');
    assert.equal((await scene.ask('POST', `${path}/activate`, { as: activate })).status, 200);
    const { cookie = '' } = await scene.openPerson(scene.home, 'manager');
    assert.equal(problem(await scene.ask('POST', `${path}/activate`, { as: { cookie } })), '403 csrf');
  });
});

suite('approval', () => {
  async function openApproved(scene: PlanesScene) {
    const { home } = scene;
    const [lead, second, third] = await Promise.all([createKeyPair(), createKeyPair(), createKeyPair()]);
    const signers = [lead.signer, second.signer, third.signer] as const;
    const keys = signers.map((signer) => trustKey(signer, { custody: 'maintainer', scope: 'project:rocket' }));
    const projects = [{ project: 'rocket', approvals: 2, counterEpoch: 0 }];
    await importTrustList(home.dependencies, home.caller, await home.signList({ version: 1, keys, projects }));
    const projectId = await addProject(home, 'rocket');
    await addStoredDraft(scene, { projectId, version: '1.0.0' });
    return { signers, keys, projects, as: await scene.openKey(home, ['activate', 'read'], 'project:rocket') };
  }

  const path = `${releases}/1.0.0`;

  async function approve(
    scene: PlanesScene,
    proposal: Answer,
    { as, signer, document }: { as: Credential; signer: Signer; document?: string },
  ): Promise<Answer> {
    const { manifest_id, document: proposed } = proposal.json;
    const sig = encodeBase64(await signer.sign(encodeText(document ?? String(proposed))));
    return scene.ask('POST', `${path}/approvals`, { as, json: { manifest_id, key_id: signer.keyId, sig } });
  }

  test('leads from proposal to service, and nothing is visible before the last signature', async (t) => {
    const scene = await openPlanesScene(t);
    const { signers, as } = await openApproved(scene);
    const [lead, second] = signers;
    const direct = await scene.ask('POST', `${path}/activate`, { as });
    assert.equal(problem(direct), '409 approval-needed');
    assert.match(String(direct.json.hint), /signpost approve/);
    assert.equal(problem(await scene.ask('GET', `${path}/proposal`, { as })), '404 not_found');
    const proposal = await scene.ask('POST', `${path}/proposal`, { as, json: { key_id: lead.keyId } });
    assert.deepEqual([proposal.status, proposal.json.needed, proposal.json.approvals], [201, 2, []]);
    const first = await approve(scene, proposal, { as, signer: second });
    assert.deepEqual(first.json, { state: 'proposed', needed: 2, approvals: [second.keyId] });
    assert.deepEqual((await scene.ask('GET', `${path}/proposal`, { as })).json.approvals, [second.keyId]);
    for (const url of ['/api/projects/rocket/manifest', '/rocket', '/rocket/1.0.0', path])
      assert.equal((await scene.ask('GET', url)).status, 404, url);
    assert.equal(problem(await scene.ask('GET', `${path}/proposal`)), '401 unauthenticated');
    const last = await approve(scene, proposal, { as, signer: lead });
    assert.deepEqual([last.json.state, last.json.needed], ['active', 2]);
    const served = (await scene.ask('GET', '/api/projects/rocket/manifest')).json;
    assert.equal((served.manifest as { key_id: string }).key_id, lead.keyId);
    assert.deepEqual((served.signatures as unknown[]).length, 2);
    assert.equal((await scene.ask('GET', '/rocket')).body.toString(), 'the bytes of 1.0.0');
    assert.equal(problem(await scene.ask('GET', `${path}/proposal`, { as })), '404 not_found');
  });

  test('is not given by strangers, over other bytes, or to what was replaced', async (t) => {
    const scene = await openPlanesScene(t);
    const { signers, as } = await openApproved(scene);
    const [lead, second] = signers;
    const { signer: stranger } = await createKeyPair();
    const propose = (keyId: string) => scene.ask('POST', `${path}/proposal`, { as, json: { key_id: keyId } });
    assert.equal(problem(await propose(stranger.keyId)), '422 not-a-maintainer');
    assert.equal(problem(await propose('nothing')), '400 schema');
    const old = await propose(lead.keyId);
    const proposal = await propose(lead.keyId);
    assert.equal(problem(await approve(scene, old, { as, signer: lead })), '409 proposal-replaced');
    assert.equal(problem(await approve(scene, proposal, { as, signer: stranger })), '422 not-a-maintainer');
    assert.equal(problem(await approve(scene, proposal, { as, signer: lead, document: 'x' })), '422 bad-signature');
    const json = { manifest_id: proposal.json.manifest_id, key_id: lead.keyId };
    for (const sig of ['A'.repeat(88), '!'.repeat(88), `${'A'.repeat(85)}===`]) {
      const answer = await scene.ask('POST', `${path}/approvals`, { as, json: { ...json, sig } });
      assert.equal(answer.status, 422, sig);
    }
    assert.equal(
      problem(await scene.ask('POST', `${path}/approvals`, { as, json: { ...json, sig: 'A' } })),
      '400 schema',
    );
    assert.equal((await approve(scene, proposal, { as, signer: second })).json.state, 'proposed');
  });

  test('by a maintainer who is revoked before the last signature counts no more', async (t) => {
    const scene = await openPlanesScene(t);
    const { signers, keys, projects, as } = await openApproved(scene);
    const [lead, second, third] = signers;
    const proposal = await scene.ask('POST', `${path}/proposal`, { as, json: { key_id: lead.keyId } });
    await approve(scene, proposal, { as, signer: second });
    const { home } = scene;
    const { keyId, pubkeyB64 } = second;
    const revoked = [
      { keyId, pubkeyB64, reason: 'lost', revokedAt: home.dependencies.now(), effectiveFrom: undefined },
    ];
    const list = await home.signList({ version: 2, keys, projects, revoked });
    await importTrustList(home.dependencies, home.caller, list);
    const after = await approve(scene, proposal, { as, signer: lead });
    assert.deepEqual([after.json.state, after.json.approvals], ['proposed', [lead.keyId]]);
    assert.equal((await approve(scene, proposal, { as, signer: third })).json.state, 'active');
  });

  test('of a draft that was changed begins anew', async (t) => {
    const scene = await openPlanesScene(t);
    const { signers, as } = await openApproved(scene);
    const [lead] = signers;
    const manage = await scene.openKey(scene.home, ['manage']);
    const proposal = await scene.ask('POST', `${path}/proposal`, { as, json: { key_id: lead.keyId } });
    await scene.ask('PATCH', path, { as: manage, json: { changelog: { en: 'other' } } });
    assert.equal(problem(await approve(scene, proposal, { as, signer: lead })), '409 proposal-replaced');
  });
});
