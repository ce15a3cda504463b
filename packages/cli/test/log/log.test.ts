/** The command names a log for the roots, shows it, and reads it as a watcher. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseText } from '@signpost/protocol/bytes/text';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { encodeNoteKey, noteKeyTypes } from '@signpost/protocol/tlog/note-key';
import { createManifestEntry, encodeLogEntry } from '@signpost/protocol/updates/log-entry';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { type ReleaseServer, startReleaseServer } from '../../../protocol/test/client/release-server.ts';
import { logKey, serverKey, strangerKey } from '../../../protocol/test/documents.ts';
import { SmallLog } from '../../../protocol/test/tlog/small-log.ts';
import { mirrorLog } from '../../src/client/mirror-log.ts';
import { createWorkplace, run, runJson } from '../support/run.ts';

const pass = ['--passphrase-file', 'pass'];
const origin = 'updates.example/log';
const verifierKey = encodeNoteKey(origin, noteKeyTypes.ed25519, parseBase64(logKey.pubkeyB64));
const release = { project: 'demo', channel: 'stable', version: '1.2.0', counter: 7, digest: 'b'.repeat(64) };
let server: ReleaseServer;

before(async () => {
  server = await startReleaseServer();
});
after(() => server.close());

async function serve(log: SmallLog): Promise<void> {
  for (const path of server.pages.keys()) if (path.startsWith('/log/')) server.pages.delete(path);
  for (const [path, page] of await log.listFiles()) server.pages.set(`/log/${path}`, page);
}

/** A log with a trust list, a release of this server's key and one of another's. */
function openLog(): SmallLog {
  const log = new SmallLog();
  log.add(
    { type: 'trust-list', organisation: 'default', trustVersion: 1, sha256: 'c'.repeat(64) },
    createManifestEntry({ ...release, keyId: serverKey.keyId }, 'default'),
    createManifestEntry({ ...release, version: '9.9.9', keyId: strangerKey.keyId }, 'default'),
  );
  return log;
}

async function openRoot(t: TestContext) {
  const cwd = await createWorkplace(t);
  const root = await runJson(['root', 'init', '--dir', 'r', '--label', 'r', ...pass], { cwd });
  const signpost = (...words: string[]) => run([...words, '--dir', 'r'], { cwd });
  const sign = async () => {
    await runJson(['root', 'sign', '--dir', 'r', '--out', 'trust.json', '--yes', ...pass], { cwd });
    const roots = { keys: [await parsePublicKey(String(root.pubkey_b64))], threshold: 1 };
    return verifyTrustList(await readFile(join(cwd, 'trust.json')), { roots, now: Date.now() });
  };
  return { cwd, pubkey: String(root.pubkey_b64), signpost, sign };
}

test('the roots name a log and take it away, and its key is not revoked while they name it', async (t) => {
  const { cwd, signpost, sign } = await openRoot(t);
  const named = await signpost('root', 'set-log', verifierKey);
  assert.match(named.stdout, new RegExp(`Every release must be in log ${origin} of key ${logKey.keyId.slice(0, 16)}`));
  const { log } = await sign();
  assert.deepEqual([log?.origin, log?.key.keyId], [origin, logKey.keyId]);
  assert.match((await run(['root', 'show', '--dir', 'r'], { cwd })).stdout, /log updates\.example\/log of key/);
  const refused = await signpost('root', 'revoke-key', logKey.keyId, '--reason', 'stolen');
  assert.match(refused.stderr, /is that of the log/);
  assert.match((await signpost('root', 'remove-log')).stdout, /clients ask for no proofs/);
  assert.equal((await sign()).log, undefined);
  await signpost('root', 'revoke-key', logKey.keyId, '--reason', 'stolen');
  assert.match((await signpost('root', 'set-log', verifierKey)).stderr, /is revoked/);
  for (const wrong of ['nonsense', encodeNoteKey('w', noteKeyTypes.cosignature, parseBase64(logKey.pubkeyB64))]) {
    const answer = await signpost('root', 'set-log', wrong);
    assert.equal(answer.code, 2);
    assert.match(answer.stderr, /expected the verifier key of a log/);
  }
});

test('a watcher reads the log that the trust list names, goes on where it was, and sees what others signed', async (t) => {
  const { cwd, pubkey, signpost, sign } = await openRoot(t);
  await sign();
  const publish = async () => server.pages.set('/api/signing/trust', await readFile(join(cwd, 'trust.json')));
  await publish();
  const words = ['log', 'verify', '--server', server.base, '--root', pubkey, '--state', 'state', '--since', 'seen'];
  const log = openLog();
  await serve(log);
  assert.match((await run(words, { cwd })).stderr, /the trust list names no log/);
  await signpost('root', 'set-log', verifierKey);
  await sign();
  await publish();
  const first = await run(words, { cwd });
  assert.match(first.stderr, /seen is not there: the log is read from its beginning/);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /3, 3 of them new; all verified/);
  assert.match(first.stdout, /manifest +default +demo 1\.2\.0 on stable, counter 7, key/);
  assert.equal(await readFile(join(cwd, 'seen'), 'utf8'), await log.checkpoint());
  assert.match((await run(words, { cwd })).stdout, /3, 0 of them new/);
  log.fill(1);
  log.add(createManifestEntry({ ...release, version: '1.3.0', keyId: serverKey.keyId }, 'default'));
  await serve(log);
  const next = await runJson([...words, '--key', serverKey.keyId.slice(0, 8)], { cwd });
  assert.deepEqual([next.size, next.from], [5, 3]);
  const [entry, ...others] = next.entries as readonly Record<string, unknown>[];
  assert.deepEqual([entry?.index, entry?.version, entry?.key_id, others], [4, '1.3.0', serverKey.keyId, []]);
});

test('a log that shows another history is refused, with both checkpoints to keep', async (t) => {
  const cwd = await createWorkplace(t);
  const log = openLog();
  await serve(log);
  const words = ['log', 'verify', '--server', server.base, '--log', verifierKey, '--since', 'seen'];
  await run(words, { cwd });
  const forked = log.fork(2).fill(4, 'forked');
  await serve(forked);
  const evidence = [await log.checkpoint(), await forked.checkpoint()];
  const refused = await run(words, { cwd });
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /the server shows different histories/);
  for (const note of evidence) assert.ok(refused.stderr.includes(note.trimEnd()), refused.stderr);
  const { error } = JSON.parse((await run([...words, '--json'], { cwd })).stdout);
  assert.deepEqual([error.code, error.evidence.slice(0, 2)], ['log_inconsistent', evidence]);
  assert.equal(await readFile(join(cwd, 'seen'), 'utf8'), evidence[0], 'what was seen stays');
});

test('an entry of a later version is named as such, and what was typed wrong is said', async (t) => {
  const cwd = await createWorkplace(t);
  await serve(new SmallLog().fill(1, 'later'));
  const words = ['log', 'verify', '--server', server.base, '--log', verifierKey];
  assert.match((await run(words, { cwd })).stdout, /bytes that this version does not know/);
  const [entry] = (await runJson(words, { cwd })).entries as readonly Record<string, unknown>[];
  assert.equal(entry?.type, null);
  assert.equal((await run([...words, '--key', 'xyz'], { cwd })).code, 2);
  await writeFile(join(cwd, 'seen'), 'no checkpoint');
  assert.match((await run([...words, '--since', 'seen'], { cwd })).stderr, /malformed|expected a note/);
});

test('the server says which log it keeps, and the command makes anew what the roots are to be told', async (t) => {
  const cwd = await createWorkplace(t);
  const words = ['log', 'show', '--server', server.base];
  const answer = (log: unknown) => server.pages.set('/api/signing/pubkey', JSON.stringify({ active: null, log }));
  answer(null);
  assert.match((await run(words, { cwd })).stderr, /keeps no log yet/);
  answer({ origin, verifier_key: verifierKey });
  await serve(openLog());
  const shown = await run(words, { cwd });
  assert.ok(shown.stdout.includes(`signpost root set-log ${verifierKey}\n`), shown.stdout + shown.stderr);
  assert.equal((await runJson(words, { cwd })).size, 3);
  answer({ origin, verifier_key: `x;rm\n${verifierKey}` });
  assert.equal((await run(words, { cwd })).code, 4);
});

test('a mirror has every file of the log, and fetches full tiles of entries once', async (t) => {
  const dir = await createWorkplace(t);
  const key = await parsePublicKey(logKey.pubkeyB64);
  const written = new Map<string, string | Uint8Array>();
  const write = async (url: string, bytes: string | Uint8Array) => {
    written.set(url, typeof bytes === 'string' ? bytes : Uint8Array.from(bytes));
    await mkdir(dirname(join(dir, url)), { recursive: true });
    await writeFile(join(dir, url), bytes);
  };
  const log = openLog().fill(600);
  for (const size of [603, 605]) {
    await serve(log.fill(size - log.entries.length));
    written.clear();
    assert.equal(await mirrorLog({ base: server.base, fetch, dir, write }, { origin, key }), size);
    const files = [...(await log.listFiles())].map(([path, page]) => [`/log/${path}`, page] as const);
    assert.deepEqual(new Map([...written].sort()), new Map(files.sort()));
    assert.equal([...written.keys()].at(-1), '/log/checkpoint', 'what names the tiles comes last');
  }
  assert.equal(server.requests.filter((path) => path === '/log/tile/entries/000').length, 1);
  written.clear();
  await serve(log.fork(600).fill(20, 'forked'));
  const again = mirrorLog({ base: server.base, fetch, dir, write }, { origin, key });
  await assert.rejects(again, { code: 'log_inconsistent' });
  assert.equal(written.size, 0, 'what was mirrored stays');
});

test('entries are listed in words', async (t) => {
  const cwd = await createWorkplace(t);
  const entry = createManifestEntry({ ...release, keyId: serverKey.keyId }, 'default');
  const listed = {
    index: 4,
    logged_at: '2027-01-01T00:00:00Z',
    leaf_hash: 'a'.repeat(64),
    ...JSON.parse(parseText(encodeLogEntry(entry))),
  };
  server.pages.set(
    '/api/log/entries?type=manifest&limit=2',
    JSON.stringify({ entries: [listed, { ...listed, index: 3, type: 'later' }], size: 5 }),
  );
  const words = ['log', 'entries', '--type', 'manifest', '--limit', '2', '--server', server.base];
  const answer = await run(words, { cwd, env: { SIGNPOST_API_KEY: 'sp_test' } });
  assert.match(answer.stdout, /of a type that this version does not know/);
  assert.match(answer.stdout, /4 +2027-01-01T00:00:00Z +manifest +demo 1\.2\.0 on stable, counter 7/, answer.stderr);
  assert.equal((await run(words, { cwd })).code, 1);
});
