import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { problem } from '../planes-problem.ts';
import { addStoredDraft, openPlanesScene, openShop, type PlanesScene } from '../planes-scene.ts';
import { addProject, dayMs, type ListWish, type Scene, start, trustKey } from '../releases/scene.ts';

async function importList(
  scene: PlanesScene,
  wish: ListWish,
  { organisation = scene.home }: { organisation?: Scene } = {},
) {
  const as = await scene.openKey(organisation, ['admin']);
  const prefix = organisation === scene.home ? '' : '/o/other';
  const body = await organisation.signList(wish);
  return scene.ask('POST', `${prefix}/api/trust/import`, { as, body });
}

suite('a trust list', () => {
  test('is imported once, served as the bytes that were signed, and told of', async (t) => {
    const scene = await openPlanesScene(t);
    const as = await scene.openKey(scene.home, ['read']);
    assert.equal(problem(await scene.ask('GET', '/api/signing/trust')), '404 not_found');
    assert.equal((await scene.ask('GET', '/api/trust', { as })).json.light, 'none');
    const { signer } = await createKeyPair();
    const wish = { version: 3, keys: [trustKey(signer)], expiresAt: start + 60 * dayMs };
    const bytes = await scene.home.signList(wish);
    const imported = await importList(scene, wish);
    assert.equal(imported.status, 200);
    const { version, digest, changed, warnings } = imported.json;
    assert.deepEqual({ version, changed, warnings }, { version: 3, changed: true, warnings: [] });
    const served = await scene.ask('GET', '/api/signing/trust');
    assert.deepEqual(served.body, Buffer.from(bytes));
    assert.equal(served.headers['content-type'], 'application/json');
    const status = (await scene.ask('GET', '/api/trust', { as })).json;
    assert.deepEqual([status.version, status.light, status.threshold], [3, 'yellow', 1]);
    assert.deepEqual(status.roots, [{ key_id: scene.home.root.keyId, pubkey_b64: scene.home.root.pubkeyB64 }]);
    const { versions } = (await scene.ask('GET', '/api/trust/versions', { as })).json as {
      versions: unknown[];
    };
    const row = { version: 3, digest, issued_at: '2026-11-21T09:00:00.000Z', changes_roots: false };
    assert.deepEqual(versions, [
      { ...row, expires_at: '2027-01-20T09:00:00.000Z', imported_at: '2026-11-21T09:00:00.000Z' },
    ]);
    assert.equal((await importList(scene, wish)).json.changed, false);
    await importList(scene, { version: 4 });
    assert.deepEqual((await scene.ask('GET', '/api/trust/versions/3', { as })).body, Buffer.from(bytes));
    assert.equal(problem(await scene.ask('GET', '/api/trust/versions/2', { as })), '404 not_found');
    const stranger = await scene.openKey(scene.other, ['read']);
    assert.equal(problem(await scene.ask('GET', '/o/other/api/trust/versions/3', { as: stranger })), '404 not_found');
  });

  test('is refused by name: replayed, expired, signed by others, damaged, or of another organisation', async (t) => {
    const scene = await openPlanesScene(t);
    const { signer: stranger } = await createKeyPair();
    await importList(scene, { version: 5 });
    const issuedAt = start - 2 * dayMs;
    assert.equal(problem(await importList(scene, { version: 4 })), '422 trust_replayed');
    assert.equal(problem(await importList(scene, { version: 5, expiresAt: start + dayMs })), '422 trust_replayed');
    assert.equal(problem(await importList(scene, { version: 6, issuedAt, expiresAt: start - 1 })), '422 trust_expired');
    assert.equal(problem(await importList(scene, { version: 6, signers: [stranger] })), '422 bad_signature');
    const as = await scene.openKey(scene.home, ['admin']);
    const theirs = await scene.other.signList({ version: 6 });
    assert.equal(problem(await scene.ask('POST', '/api/trust/import', { as, body: theirs })), '422 bad_signature');
    for (const body of ['', '{', '[]', '{"trust":{}}', 'null', Buffer.alloc(900_000, ' ')])
      assert.equal((await scene.ask('POST', '/api/trust/import', { as, body })).status, 422);
    const tooLarge = await scene.ask('POST', '/api/trust/import', { as, body: Buffer.alloc(1_100_000, ' ') });
    assert.equal(problem(tooLarge), '413 too_large');
    assert.equal((await scene.ask('GET', '/api/trust', { as })).json.version, 5);
  });

  test('warns when it strands the key that signs', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    const imported = await importList(scene, { version: 2 });
    const [warning] = imported.json.warnings as string[];
    assert.match(String(warning), /^the active key server 1 \([0-9a-f]{16}…\) for \* is not in this list/);
  });

  test('that changes the roots joins the chain that clients walk, as canonical bytes', async (t) => {
    const scene = await openPlanesScene(t);
    const { root } = scene.home;
    const { signer: second } = await createKeyPair();
    const roots = { signers: [root, second], threshold: 2 };
    const wishes = [
      { version: 1 },
      { version: 2, roots, signers: [root, second] },
      { version: 3, roots, signers: [root, second] },
    ];
    for (const wish of wishes) assert.equal((await importList(scene, wish)).status, 200);
    const change = Buffer.from(await scene.home.signList(wishes[1] ?? { version: 0 })).toString();
    const chain = await scene.ask('GET', '/api/signing/roots');
    assert.equal(chain.body.toString(), `{"roots":[${change}]}`);
    const pubkey = (await scene.ask('GET', '/api/signing/pubkey')).json;
    assert.deepEqual([...(pubkey.root_key_ids as string[])].sort(), [root.keyId, second.keyId].sort());
  });

  test('is imported by admins of its own organisation only', async (t) => {
    const scene = await openPlanesScene(t);
    const body = await scene.home.signList({ version: 1 });
    const statuses = [
      [{}, '401 unauthenticated'],
      [await scene.openPerson(scene.home, 'manager'), '403 role'],
      [await scene.openKey(scene.home, ['manage', 'activate', 'read']), '403 role'],
      [await scene.openKey(scene.home, ['admin'], 'project:rocket'), '403 key-scope'],
      [await scene.openKey(scene.other, ['admin']), '404 not_found'],
    ] as const;
    for (const [as, expected] of statuses)
      assert.equal(problem(await scene.ask('POST', '/api/trust/import', { as, body })), expected);
  });
});

suite('the roots', () => {
  test('are pinned once; before, no list is taken', async (t) => {
    const scene = await openPlanesScene(t);
    await scene.resources.database.query
      .deleteFrom('trust_root')
      .where('organisation_id', '=', scene.other.caller.organisationId)
      .execute();
    const as = await scene.openKey(scene.other, ['admin']);
    const refused = await importList(scene, { version: 1 }, { organisation: scene.other });
    assert.equal(problem(refused), '422 no-root-pinned');
    assert.ok(refused.json.hint);
    const pin = (json: unknown) => scene.ask('POST', '/o/other/api/trust/roots', { as, json });
    const { pubkeyB64, keyId } = scene.other.root;
    const bad = [
      { root_keys: [pubkeyB64, pubkeyB64] },
      { root_keys: [pubkeyB64], threshold: 2 },
      { root_keys: [] },
      { root_keys: [pubkeyB64], threshold: 0 },
    ];
    for (const json of bad) assert.equal((await pin(json)).status, 400, JSON.stringify(json));
    for (const key of ['', 'AAAA', `${pubkeyB64}\n`, pubkeyB64.replace('=', ''), 'A'.repeat(43)])
      assert.equal((await pin({ root_keys: [key] })).status, 422, key);
    const pinned = await pin({ root_keys: [pubkeyB64] });
    assert.deepEqual([pinned.status, pinned.json], [201, { root_key_ids: [keyId], threshold: 1 }]);
    assert.equal(problem(await pin({ root_keys: [pubkeyB64] })), '409 roots-pinned');
    assert.equal((await importList(scene, { version: 1 }, { organisation: scene.other })).status, 200);
  });
});

suite('a signing key', () => {
  test('is made, must stand in the trust list before it is activated, and ends', async (t) => {
    const scene = await openPlanesScene(t);
    const as = await scene.openKey(scene.home, ['admin']);
    const made = await scene.ask('POST', '/api/signing-keys', { as, json: { scope: 'project:rocket', label: 'new' } });
    assert.equal(made.status, 201);
    const { key_id: keyId, pubkey_b64: pubkeyB64, ...rest } = made.json as Record<string, string>;
    const bounds = { not_before: null, not_after: null };
    const facts = {
      scope: 'project:rocket',
      label: 'new',
      custody: 'server',
      created_at: '2026-11-21T09:00:00.000Z',
      ...bounds,
    };
    assert.deepEqual(rest, { ...facts, state: 'created', in_trust_list: false });
    assert.ok(!String(made.body).includes('seed'));
    const act = (verb: string) => scene.ask('POST', `/api/signing-keys/${keyId}/${verb}`, { as });
    const early = await act('activate');
    assert.equal(problem(early), '422 key-not-in-trust-list');
    assert.match(String(early.json.hint), /signpost root add-key/);
    const trusted = trustKey({ keyId: String(keyId), pubkeyB64: String(pubkeyB64) }, { scope: 'project:rocket' });
    await importList(scene, { version: 1, keys: [trusted] });
    assert.deepEqual((await act('activate')).json, { ...made.json, state: 'active', in_trust_list: true });
    const pubkey = (await scene.ask('GET', '/api/signing/pubkey')).json;
    assert.deepEqual(pubkey.keys, [{ key_id: keyId, pubkey_b64: pubkeyB64, scope: 'project:rocket' }]);
    assert.equal((await act('retire')).json.state, 'retired');
    assert.equal((await act('revoke')).json.state, 'revoked');
    assert.equal(problem(await act('activate')), '409 key-state');
    const { keys } = (await scene.ask('GET', '/api/signing-keys', { as })).json as { keys: unknown[] };
    assert.equal(keys.length, 1);
  });

  test('is told with the bounds that the list sets it, and a revoked one with its day', async (t) => {
    const scene = await openPlanesScene(t);
    const as = await scene.openKey(scene.home, ['admin']);
    const made = (await scene.ask('POST', '/api/signing-keys', { as, json: { label: 'new' } })).json;
    const { signer } = await createKeyPair();
    const key = trustKey({ keyId: String(made.key_id), pubkeyB64: String(made.pubkey_b64) });
    const lost = { keyId: signer.keyId, pubkeyB64: signer.pubkeyB64, reason: 'lost', effectiveFrom: undefined };
    await importList(scene, {
      version: 1,
      keys: [{ ...key, notBefore: start - dayMs, notAfter: start + 30 * dayMs }],
      revoked: [{ ...lost, revokedAt: start - 2 * dayMs }],
    });
    const bounds = { not_before: '2026-11-20T09:00:00.000Z', not_after: '2026-12-21T09:00:00.000Z' };
    const told = (await scene.ask('GET', '/api/trust', { as })).json;
    const [listed] = told.valid_keys as Record<string, unknown>[];
    assert.deepEqual({ not_before: listed?.not_before, not_after: listed?.not_after }, bounds);
    assert.deepEqual(told.revoked_keys, [
      { key_id: signer.keyId, reason: 'lost', revoked_at: '2026-11-19T09:00:00.000Z' },
    ]);
    const { keys } = (await scene.ask('GET', '/api/signing-keys', { as })).json as { keys: Record<string, unknown>[] };
    assert.deepEqual({ ...keys[0] }, { ...made, in_trust_list: true, ...bounds });
    scene.home.travel(30 * dayMs);
    const [ended] = (
      (await scene.ask('GET', '/api/signing-keys', { as })).json as typeof told & { keys: Record<string, unknown>[] }
    ).keys;
    assert.deepEqual([ended?.in_trust_list, ended?.not_after], [false, bounds.not_after]);
  });

  test('of a scope that is none, or unknown, or asked for while the vault is locked, is refused', async (t) => {
    const scene = await openPlanesScene(t);
    const as = await scene.openKey(scene.home, ['admin']);
    for (const scope of ['', 'x', 'project:', 'project:Bad', 'project:a:b', '**', 'team:rocket', '__proto__']) {
      const answer = await scene.ask('POST', '/api/signing-keys', { as, json: { scope, label: 'new' } });
      assert.equal(problem(answer), '400 schema', scope);
    }
    // Labels are pasted into the terminal of the offline machine.
    for (const label of ['', 'two\nlines', '\u001b[201~', '\u0003']) {
      const answer = await scene.ask('POST', '/api/signing-keys', { as, json: { label } });
      assert.equal(problem(answer), '400 schema', JSON.stringify(label));
    }
    const path = `/api/signing-keys/${'0'.repeat(64)}`;
    for (const verb of ['activate', 'retire', 'revoke'])
      assert.equal(problem(await scene.ask('POST', `${path}/${verb}`, { as })), '404 not_found');
    assert.equal(problem(await scene.ask('POST', '/api/signing-keys/xyz/activate', { as })), '400 schema');
    scene.resources.vault.lock();
    const locked = await scene.ask('POST', '/api/signing-keys', { as, json: { label: 'new' } });
    assert.equal(problem(locked), '503 vault_locked');
    assert.match(String(locked.json.hint), /signpost unlock/);
  });

  test('of another organisation does not exist', async (t) => {
    const scene = await openPlanesScene(t);
    const { key } = await scene.other.openServerKey(1);
    const as = await scene.openKey(scene.home, ['admin']);
    for (const verb of ['activate', 'retire', 'revoke']) {
      const answer = await scene.ask('POST', `/api/signing-keys/${key.keyId}/${verb}`, { as });
      assert.equal(problem(answer), '404 not_found');
    }
    assert.deepEqual((await scene.ask('GET', '/api/signing-keys', { as })).json.keys, []);
  });
});

test('a manifest by a revoked key is signed again when the next key is activated', async (t) => {
  const scene = await openPlanesScene(t);
  const { key: as } = await openShop(scene);
  const served = () => scene.ask('GET', '/api/projects/rocket/manifest');
  const before = (await served()).json.manifest as { key_id: string; counter: number };
  const made = (await scene.ask('POST', '/api/signing-keys', { as, json: { label: 'next' } })).json;
  const fresh = trustKey({ keyId: String(made.key_id), pubkeyB64: String(made.pubkey_b64) });
  const { pubkey_b64: pubkeyB64 } = (await scene.ask('GET', '/api/signing/pubkey')).json;
  const stolen = { keyId: before.key_id, pubkeyB64: String(pubkeyB64), reason: 'stolen', revokedAt: start };
  await importList(scene, { version: 2, keys: [fresh], revoked: [{ ...stolen, effectiveFrom: undefined }] });
  await scene.relay.drain();
  assert.equal(problem(await served()), '503 manifest-unverifiable', 'the old key counts no more, the new one not yet');
  assert.equal((await scene.ask('POST', `/api/signing-keys/${made.key_id}/activate`, { as })).status, 200);
  await scene.relay.drain();
  const after = (await served()).json.manifest as { key_id: string; counter: number; version: string };
  assert.deepEqual([after.key_id, after.version], [made.key_id, '1.0.0']);
  assert.ok(after.counter > before.counter);
});

test('a new key that both lists hold takes over with the next manifest, not before', async (t) => {
  const scene = await openPlanesScene(t);
  const first = await scene.home.openServerKey(1);
  const projectId = await addProject(scene.home, 'rocket');
  const as = await scene.openKey(scene.home, ['admin', 'activate']);
  await addStoredDraft(scene, { projectId, version: '1.0.0' });
  await scene.ask('POST', '/api/projects/rocket/releases/1.0.0/activate', { as });
  const made = (await scene.ask('POST', '/api/signing-keys', { as, json: { label: 'next' } })).json;
  const second = trustKey({ keyId: String(made.key_id), pubkeyB64: String(made.pubkey_b64) });
  await importList(scene, { version: 2, keys: [first, second] });
  await scene.ask('POST', `/api/signing-keys/${made.key_id}/activate`, { as });
  await scene.relay.drain();
  const served = async () =>
    ((await scene.ask('GET', '/api/projects/rocket/manifest')).json.manifest as { key_id: string }).key_id;
  assert.equal(await served(), first.key.keyId);
  await scene.ask('POST', '/api/projects/rocket/releases/1.0.0/activate', { as });
  assert.equal(await served(), made.key_id);
});
