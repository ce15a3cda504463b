/** What the page of an entry of the log finds out, without a browser: each step, and why it stops. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { parseText } from '@signpost/protocol/bytes/text';
import { createTransport } from '@signpost/protocol/client/transport';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { type ReleaseServer, startReleaseServer } from '../../protocol/test/client/release-server.ts';
import { logKey, strangerKey } from '../../protocol/test/documents.ts';
import { proveInclusion } from '../../protocol/test/tlog/naive-tree.ts';
import { SmallLog } from '../../protocol/test/tlog/small-log.ts';
import { type CheckedEntry, checkEntry } from '../src/areas/trust/check-entry.ts';

const origin = 'updates.example/log';

suite('an entry of the log', () => {
  let server: ReleaseServer;
  let stored: string | undefined;
  before(async () => {
    server = await startReleaseServer();
  });
  after(() => server.close());
  beforeEach(() => {
    stored = undefined;
  });

  /** Serves `log`, and checks its entry at `index` as the page does. */
  async function check(log: SmallLog, index: number, changes: object = {}, signer = logKey): Promise<CheckedEntry> {
    server.pages.clear();
    for (const [path, page] of await log.listFiles()) server.pages.set(`/log/${path}`, page);
    const proof = {
      ...{ index, logged_at: '2027-01-01T00:00:00Z', entry: parseText(log.entries[index] ?? new Uint8Array()) },
      hashes: proveInclusion(index, log.entries).map((hash) => encodeBase64(hash)),
      checkpoint: await log.checkpoint(),
      ...changes,
    };
    return checkEntry(proof, {
      index,
      log: { origin, key: await parsePublicKey(signer.pubkeyB64) },
      transport: createTransport(server.base, fetch),
      store: {
        read: () => stored,
        write: (note) => {
          stored = note;
        },
      },
    });
  }

  const kindsOf = ({ steps }: CheckedEntry) =>
    steps.map((step) => (step.kind === 'refused' ? step.error.code : step.kind));

  test('is signed for, in its place, and the first that this browser sees; later it goes on from there', async () => {
    const log = new SmallLog();
    log.add({ type: 'trust-list', organisation: 'default', trustVersion: 1, sha256: 'c'.repeat(64) });
    const first = await check(log.fill(4), 0);
    assert.deepEqual(kindsOf(first), ['signed', 'included', 'first']);
    assert.equal(first.entry?.type, 'trust-list');
    const next = await check(log.fill(300), 290);
    assert.deepEqual(kindsOf(next), ['signed', 'included', 'continued']);
    assert.equal(next.entry, undefined, 'of a type that nobody knows');
    assert.equal(stored, await log.checkpoint());
    assert.deepEqual(kindsOf(await check(log, 3)), ['signed', 'included', 'continued']);
  });

  test('is refused under another key, in another place, with other bytes', async () => {
    const log = new SmallLog().fill(5);
    assert.deepEqual(kindsOf(await check(log, 1, {}, strangerKey)), ['bad_signature']);
    const elsewhere = proveInclusion(2, log.entries).map((hash) => encodeBase64(hash));
    const other = { index: 2, entry: 'filler 2', hashes: elsewhere };
    assert.deepEqual(
      kindsOf(await check(log, 1, other)),
      ['signed', 'log_proof_invalid'],
      'the proof of another entry',
    );
    assert.deepEqual(kindsOf(await check(log, 1, { entry: 'filler 2' })), ['signed', 'log_proof_invalid']);
    assert.deepEqual(kindsOf(await check(log, 1, { hashes: ['?'] })), ['signed', 'malformed']);
    assert.equal(stored, undefined, 'nothing of it is kept');
  });

  test('of a log that shows another history is refused with both checkpoints, and what was seen stays', async () => {
    const log = new SmallLog().fill(5);
    await check(log, 1);
    const seen = stored;
    const forked = log.fork(3).fill(9, 'forked');
    const { steps } = await check(forked, 1);
    const refused = steps.at(-1);
    assert.ok(refused?.kind === 'refused' && refused.error.code === 'log_inconsistent');
    assert.deepEqual(refused.error.evidence.slice(0, 2), [seen, await forked.checkpoint()]);
    assert.equal(stored, seen);
  });

  test('of another log than the one seen before is the first one again', async () => {
    await check(new SmallLog().fill(5), 1);
    const other = new SmallLog({ signer: strangerKey }).fill(2);
    assert.deepEqual(kindsOf(await check(other, 1, {}, strangerKey)), ['signed', 'included', 'first']);
  });
});
