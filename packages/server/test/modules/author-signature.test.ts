/** The keys with which authors sign themselves: what is taken, what is approved, and what the catalogue says of it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { encodeAuthorStatement } from '@signpost/protocol/updates/author';
import { problem } from '../planes-problem.ts';
import { bytesOf, openAuthorDesk } from './author-desk.ts';
import { readAsClient } from './shop.ts';

suite('an author’s own key', () => {
  test('goes into the catalogue beside ours; another one is for a manager to approve by name, and the watch is told', async (t) => {
    const { scene, addAuthor, handIn, manage } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const [first, second] = [(await createKeyPair()).signer, (await createKeyPair()).signer];
    const base = '/api/modules/addons/submissions';
    const submitted = await handIn(ada, { extra: { author: await authorOf(first, '1.0.0') } });
    assert.deepEqual(submitted.json.author_key, { key_id: first.keyId, state: 'new' });
    await manage('POST', `${base}/${submitted.json.id}/approve`, { activate: true });
    const [entry] = (await readAsClient(scene.home)).entries;
    assert.equal(entry?.authorKeyId, first.keyId);

    assert.equal(problem(await handIn(ada, { version: '1.1.0' })), '409 author-signature-missing');
    const author = await authorOf(second, '1.1.0');
    const changed = await handIn(ada, { version: '1.1.0', extra: { author } });
    assert.deepEqual(changed.json.author_key, { key_id: second.keyId, state: 'changed' });
    const findings = async () => {
      await scene.relay.drain();
      const rows = await scene.resources.database.query.selectFrom('watch_finding').selectAll().execute();
      return rows.map(({ kind, severity, state, sightings }) => `${kind} ${severity} ${state} ${sightings}`);
    };
    assert.deepEqual(await findings(), ['author.key_changed high open 1']);
    const path = `${base}/${changed.json.id}/approve`;
    assert.equal(problem(await manage('POST', path, {})), '409 author-key-changed');
    assert.equal(problem(await manage('POST', path, { accept_author_key: first.keyId })), '409 author-key-changed');
    scene.home.travel(1000);
    const approved = await manage('POST', path, { accept_author_key: second.keyId, activate: true });
    assert.equal((approved.json.activation as { state: string }).state, 'active');
    assert.deepEqual(await findings(), ['author.key_changed high open 2']);
    await scene.resources.database.query
      .updateTable('outbox')
      .set({ published_at: null })
      .where('topic', '=', 'module.author_key_changed')
      .execute();
    assert.deepEqual(await findings(), ['author.key_changed high open 2'], 'told twice, counted once');
    assert.equal((await readAsClient(scene.home)).entries[0]?.authorKeyId, second.keyId);
  });

  test('is asked of what was handed in before it, too: nothing unsigned is approved once a signed version was', async (t) => {
    const { addAuthor, handIn, manage } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const unsigned = await handIn(ada, { version: '0.9.0' });
    const { signer } = await createKeyPair();
    const signed = await handIn(ada, { extra: { author: await authorOf(signer, '1.0.0') } });
    const base = '/api/modules/addons/submissions';
    assert.equal((await manage('POST', `${base}/${signed.json.id}/approve`, {})).json.state, 'approved');
    const approval = await manage('POST', `${base}/${unsigned.json.id}/approve`, {});
    assert.equal(problem(approval), '409 author-signature-missing');
  });

  test('counts up: nothing is taken that it signed before what was approved', async (t) => {
    const { addAuthor, announce, handIn, manage, scene } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const { signer } = await createKeyPair();
    const submitted = await handIn(ada, { extra: { author: await authorOf(signer, '1.0.0', 5) } });
    await manage('POST', `/api/modules/addons/submissions/${submitted.json.id}/approve`, {});
    const counting = async (counter: number) =>
      announce(ada, { version: '1.1.0', extra: { author: await authorOf(signer, '1.1.0', counter) } });
    assert.equal(problem(await counting(5)), '409 author-counter');
    const dayMs = 24 * 3_600_000;
    assert.equal(problem(await counting(scene.resources.now() + dayMs + 1)), '400 author-counter');
    assert.equal((await counting(6)).status, 201);
  });

  test('counts up until a manager decides: what was overtaken is not approved, and what was taken back comes once', async (t) => {
    const { addAuthor, handIn, manage, scene } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const { signer } = await createKeyPair();
    const base = '/api/modules/addons/submissions';
    const offer = async (version: string, counter: number) =>
      handIn(ada, { version, extra: { author: await authorOf(signer, version, counter) } });
    const approve = ({ json }: { json: Readonly<Record<string, unknown>> }) =>
      manage('POST', `${base}/${json.id}/approve`, {});
    const older = await offer('1.0.0', 5);
    const newer = await offer('1.1.0', 6);
    assert.equal((await approve(newer)).json.state, 'approved');
    assert.equal(problem(await approve(older)), '409 author-counter');
    const taken = await offer('1.2.0', 7);
    await scene.ask('POST', `${base}/${taken.json.id}/withdraw`, { as: ada.as });
    assert.equal(problem(await offer('1.2.0', 7)), '409 author-counter');
    assert.equal((await approve(await offer('1.2.0', 8))).json.state, 'approved');
  });

  test('does not count one statement for two versions that wait', async (t) => {
    const { addAuthor, announce, handIn } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const { signer } = await createKeyPair();
    await handIn(ada, { extra: { author: await authorOf(signer, '1.0.0', 5) } });
    const equal = { version: '1.1.0', extra: { author: await authorOf(signer, '1.1.0', 5) } };
    assert.equal(problem(await announce(ada, equal)), '409 author-counter');
  });

  test('signs what comes, or nothing is taken', async (t) => {
    const { addAuthor, announce } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const { signer } = await createKeyPair();
    const refused = async (author: unknown, extra = {}) =>
      problem(await announce(ada, { extra: { author, ...extra } }));
    const good = await authorOf(signer, '1.0.0');
    assert.equal(await refused(await authorOf(signer, '1.0.1')), '400 author-signature');
    assert.equal(await refused({ ...good, pubkey_b64: 'AAAA' }), '400 author-signature');
    assert.equal(await refused({ ...good, counter: 2 }), '400 author-signature');
    assert.equal(await refused(good, { sha256: undefined }), '400 author-signature');
    assert.equal(await refused(good, { sha256: 'ab'.repeat(32) }), '400 author-signature');
  });
});

async function authorOf(signer: Signer, version: string, counter = 1) {
  const bytes = bytesOf({ version });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const statement = { collection: 'addons', module: 'maps', counter, version, sha256, sizeBytes: bytes.length };
  const sig = encodeBase64(await signer.sign(encodeAuthorStatement(statement, signer.keyId)));
  return { counter, pubkey_b64: signer.pubkeyB64, sig };
}
