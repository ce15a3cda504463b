/** The log over HTTP: an independent reader of C2SP tiles finds in it what is in force, and every answer agrees with the tree. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { createUpdater } from '@signpost/protocol/client/updater';
import { deriveKeyId } from '@signpost/protocol/keys/ed25519';
import { parseCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { hashLeaf, verifyInclusion } from '@signpost/protocol/tlog/merkle';
import { createNoteVerifier, parseNoteKey } from '@signpost/protocol/tlog/note-key';
import { parseSignedNote, verifyNote } from '@signpost/protocol/tlog/signed-note';
import { parseEntryTile } from '@signpost/protocol/tlog/tile';
import { createManifestEntry, encodeLogEntry } from '@signpost/protocol/updates/log-entry';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { sql } from 'kysely';
import { hashTree } from '../../../../protocol/test/tlog/naive-tree.ts';
import { keepLog } from '../../../src/schedules.ts';
import { findOpenLog } from '../../../src/trust/log/store.ts';
import { concludeLog } from '../../../src/trust/log/transparency-log.ts';
import { importTrustList, readTrustInForce } from '../../../src/trust/trust-lists.ts';
import { type Answer, addStoredDraft, openPlanesScene, openShop, type PlanesScene } from '../../planes-scene.ts';

let scene: PlanesScene;
let key: Readonly<Record<string, string>>;
const manifestPath = '/api/projects/rocket/manifest';

const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers) await close();
});

before(async () => {
  scene = await openPlanesScene(
    { after: (close) => void closers.push(close as () => unknown) },
    { environment: { SIGNPOST_BASE_URL: 'https://updates.example.com' } },
  );
  ({ key } = await openShop(scene));
});

async function readHead() {
  const { log } = (await scene.ask('GET', '/api/signing/pubkey')).json as { log: { verifier_key: string } };
  const { body } = await scene.ask('GET', '/log/checkpoint');
  const verifier = createNoteVerifier(await parseNoteKey(log.verifier_key));
  return parseCheckpoint((await verifyNote(parseSignedNote(body.toString()), [verifier])).text);
}

async function readEntries(): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const { size } = await readHead();
  const { body } = await scene.ask('GET', `/log/tile/entries/000.p/${size}`);
  return parseEntryTile(new Uint8Array(body), size);
}

function proofOf(answer: Answer) {
  type Proof = { index: number; hashes: string[]; checkpoint: string; organisation: string };
  return (answer.json as { log?: Proof }).log;
}

test('before the log begins there is none, and manifests are served without a proof', async () => {
  assert.equal((await scene.ask('GET', '/log/checkpoint')).status, 404);
  assert.equal((await scene.ask('GET', '/log/tile/0/000')).status, 404);
  assert.equal((await scene.ask('GET', '/api/signing/pubkey')).json.log, null);
  assert.deepEqual((await scene.ask('GET', '/api/log/entries', { as: key })).json, {
    entries: [],
    next: null,
    size: 0,
  });
  const manifest = await scene.ask('GET', manifestPath);
  assert.deepEqual([manifest.status, proofOf(manifest)], [200, undefined]);
});

test('when it begins, what was in force before is appended once: trust lists, then manifests', async () => {
  await keepLog(scene.resources);
  await keepLog(scene.resources);
  const entries = (await readEntries()).map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
  assert.deepEqual(
    entries.map(({ type, organisation }) => `${type} ${organisation}`),
    ['trust-list default', 'manifest default'],
  );
  const { origin } = await readHead();
  assert.equal(origin, 'updates.example.com/log');
});

test('the served manifest carries a proof that leads from itself alone to the signed root', async () => {
  const answer = await scene.ask('GET', manifestPath);
  const { dependencies, caller } = scene.home;
  const trust = await readTrustInForce(dependencies.database.query, caller.organisationId);
  assert.ok(trust);
  const where = { trust, project: 'rocket', channel: 'stable', now: dependencies.now() };
  const manifest = await verifyManifest(answer.body, where);
  const log = proofOf(answer);
  assert.ok(log);
  const leafHash = hashLeaf(encodeLogEntry(createManifestEntry(manifest, log.organisation)));
  const head = parseCheckpoint(parseSignedNote(log.checkpoint).text);
  verifyInclusion({ leafHash, index: log.index, hashes: log.hashes.map(parseBase64), head });
  assert.equal(answer.headers.etag, `"${manifest.digest}.2"`);
});

test('an activation and its leaf come at once, and a cut transaction leaves neither', async () => {
  const project = await scene.resources.database.query.selectFrom('project').select('id').executeTakeFirstOrThrow();
  await addStoredDraft(scene, { projectId: project.id, version: '2.0.0' });
  const { database } = scene.resources;
  const path = '/api/projects/rocket/releases/2.0.0/activate';
  // After the leaf and before the commit: the row that tells of the activation cannot be written.
  await sql`create trigger cut before insert on audit_event begin select raise(abort, 'cut'); end`.execute(
    database.query,
  );
  assert.equal((await scene.ask('POST', path, { as: key })).status, 500);
  await sql`drop trigger cut`.execute(database.query);
  assert.equal((await readHead()).size, 2);
  assert.match((await scene.ask('GET', manifestPath)).body.toString(), /"version":"1\.0\.0"/);
  assert.equal((await scene.ask('POST', path, { as: key })).status, 200);
  const answer = await scene.ask('GET', manifestPath);
  assert.match(answer.body.toString(), /"version":"2\.0\.0"/);
  assert.equal(proofOf(answer)?.index, 2);
});

test('tiles and checkpoint agree with a tree computed from the entries alone', async () => {
  const entries = await readEntries();
  const head = await readHead();
  assert.deepEqual(head.rootHash, hashTree(entries));
  const tile = await scene.ask('GET', `/log/tile/0/000.p/${head.size}`);
  const leaves = entries.map((entry) => createHash('sha256').update(Uint8Array.of(0)).update(entry).digest());
  assert.deepEqual(tile.body, Buffer.concat(leaves));
  assert.equal(tile.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(tile.headers['access-control-allow-origin'], '*');
  const prefixed = await scene.ask('GET', `/o/other/log/tile/0/000.p/${head.size}`);
  assert.deepEqual(prefixed.body, tile.body);
  const checkpoint = await scene.ask('GET', '/log/checkpoint');
  assert.equal(checkpoint.headers['cache-control'], 'no-cache');
  const again = { headers: { 'if-none-match': String(checkpoint.headers.etag) } };
  assert.equal((await scene.ask('GET', '/log/checkpoint', again)).status, 304);
});

for (const path of [
  '0/000',
  '0/000.p/4',
  '1/000.p/1',
  '0/001.p/1',
  '0/0',
  'x/000',
  'entries/000',
  '0/000.p/0',
  '0/x000/000',
]) {
  test(`a tile that the tree does not have is 404: ${path}`, async () => {
    assert.equal((await scene.ask('GET', `/log/tile/${path}`)).status, 404);
  });
}

test('readers list the entries of their organisation, by type and in pages; strangers only prove', async () => {
  const all = (await scene.ask('GET', '/api/log/entries?limit=2', { as: key })).json as {
    entries: { index: number }[];
    next: string | null;
  };
  assert.deepEqual(
    all.entries.map(({ index }) => index),
    [2, 1],
  );
  assert.equal(all.next, '1');
  const whole = (await scene.ask('GET', '/api/log/entries?limit=3', { as: key })).json;
  assert.equal(whole.next, null, 'the page ends with the list');
  const rest = (await scene.ask('GET', '/api/log/entries?before=1', { as: key })).json as { entries: object[] };
  assert.equal(rest.entries.length, 1);
  const lists = await scene.ask('GET', '/api/log/entries?type=trust-list', { as: key });
  assert.equal((lists.json as { entries: object[] }).entries.length, 1);
  assert.equal((await scene.ask('GET', '/api/log/entries?type=else', { as: key })).status, 400);
  assert.equal((await scene.ask('GET', '/api/log/entries')).status, 401);
  const stranger = await scene.openKey(scene.other, ['read']);
  const others = await scene.ask('GET', '/o/other/api/log/entries', { as: stranger });
  assert.deepEqual((others.json as { entries: object[] }).entries, []);
  const proof = (await scene.ask('GET', '/api/log/entries/1/proof')).json as {
    entry: string;
    hashes: string[];
    checkpoint: string;
  };
  const leafHash = hashLeaf(new TextEncoder().encode(proof.entry));
  const head = parseCheckpoint(parseSignedNote(proof.checkpoint).text);
  verifyInclusion({ leafHash, index: 1, hashes: proof.hashes.map(parseBase64), head });
  assert.equal((await scene.ask('GET', '/api/log/entries/3/proof')).status, 404);
});

test('a client whose roots name the log follows it from release to release', async () => {
  const { dependencies, caller, root, signList } = scene.home;
  const { database, now } = scene.resources;
  const log = await findOpenLog(database.query);
  const trust = await readTrustInForce(database.query, caller.organisationId);
  assert.ok(log && trust);
  const keys = trust.validKeys.map((trusted) => ({ ...trusted, notBefore: undefined, notAfter: undefined }));
  const named = {
    origin: log.origin,
    key: { keyId: await deriveKeyId(parseBase64(log.pubkey_b64)), pubkeyB64: log.pubkey_b64 },
  };
  await importTrustList(dependencies, caller, await signList({ version: 2, keys, log: named }));
  scene.resources.prepared.forgetAll();
  let state: string | undefined;
  const store = {
    read: async () => state,
    write: async (text: string) => {
      state = text;
    },
  };
  const updater = createUpdater({ base: scene.url, roots: [root.pubkeyB64], store, fetch, now });
  assert.equal((await updater.checkForUpdate({ project: 'rocket' })).kind, 'update');
  const project = await database.query.selectFrom('project').select('id').executeTakeFirstOrThrow();
  for (const version of ['3.0.0', '4.0.0']) {
    await addStoredDraft(scene, { projectId: project.id, version });
    const path = `/api/projects/rocket/releases/${version}/activate`;
    assert.equal((await scene.ask('POST', path, { as: key })).status, 200);
    const check = await updater.checkForUpdate({ project: 'rocket' });
    assert.equal(check.kind === 'update' && check.manifest.version, version);
  }
  assert.match(state ?? '', /updates\.example\.com\/log/);
});

test('over a log that was tampered with nothing is proven or activated, and what was proven is served as before', async () => {
  const { database } = scene.resources;
  await sql`drop trigger log_entry_update`.execute(database.query);
  await sql`update log_entry set leaf_hash = ${Buffer.alloc(32).toString('base64')} where position = 0`.execute(
    database.query,
  );
  const project = await database.query.selectFrom('project').select('id').executeTakeFirstOrThrow();
  await addStoredDraft(scene, { projectId: project.id, version: '5.0.0' });
  const refused = await scene.ask('POST', '/api/projects/rocket/releases/5.0.0/activate', { as: key });
  assert.deepEqual([refused.status, refused.json.rule], [503, 'log-damaged']);
  assert.equal((await scene.ask('GET', '/api/log/entries/1/proof')).status, 503);
  const answer = await scene.ask('GET', manifestPath);
  assert.match(answer.body.toString(), /"version":"4\.0\.0"/);
  assert.ok(proofOf(answer));
});

test('a log that has ended stays where it was, and the next one lies beside it', async () => {
  const { database, now } = scene.resources;
  const ended = (await scene.ask('GET', '/log/checkpoint')).body.toString();
  const tile = await scene.ask('GET', '/log/tile/0/000.p/1');
  const log = await findOpenLog(database.query);
  assert.ok(log);
  await database.transaction((tx) => concludeLog(tx, { log, at: now(), reason: 'restored' }));
  await keepLog(scene.resources);
  const later = await findOpenLog(database.query);
  assert.ok(later);
  assert.equal((await scene.ask('GET', '/log/checkpoint')).body.toString(), ended);
  assert.deepEqual((await scene.ask('GET', '/log/tile/0/000.p/1')).body, tile.body);
  const next = parseCheckpoint(
    parseSignedNote((await scene.ask('GET', `/log/${later.id}/checkpoint`)).body.toString()).text,
  );
  assert.equal(next.origin, `updates.example.com/log/${later.id}`);
  const { body } = await scene.ask('GET', `/log/${later.id}/tile/entries/000.p/${next.size}`);
  assert.deepEqual(next.rootHash, hashTree(parseEntryTile(new Uint8Array(body), next.size)));
  assert.ok(proofOf(await scene.ask('GET', manifestPath)));
  for (const path of [
    '/log/3/checkpoint',
    '/log/1/tile/0/000.p/1',
    '/log/02/checkpoint',
    `/log/${later.id}.0/tile/0/000.p/1`,
  ]) {
    assert.ok([400, 404].includes((await scene.ask('GET', path)).status), path);
  }
});
