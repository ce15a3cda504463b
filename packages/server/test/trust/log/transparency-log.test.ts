/** The transparency log on both engines: what is appended is proven, nothing is taken back, and what was changed by hand is not signed over. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { hashLeaf, verifyConsistency, verifyInclusion } from '@signpost/protocol/tlog/merkle';
import { createNoteVerifier, parseNoteKey } from '@signpost/protocol/tlog/note-key';
import { proveConsistency } from '@signpost/protocol/tlog/prover';
import { parseSignedNote, verifyNote } from '@signpost/protocol/tlog/signed-note';
import { parseEntryTile } from '@signpost/protocol/tlog/tile';
import { sql } from 'kysely';
import { hashTree, proveInclusion } from '../../../../protocol/test/tlog/naive-tree.ts';
import { listAudit } from '../../../src/audit/store.ts';
import { openDatabase } from '../../../src/storage/database/open.ts';
import type { Database } from '../../../src/storage/database.ts';
import { migrate } from '../../../src/storage/migrations/migrate.ts';
import { appendAll, appendEntries, type Loggable } from '../../../src/trust/log/append.ts';
import { checkLog } from '../../../src/trust/log/check.ts';
import { encodeLogKey } from '../../../src/trust/log/checkpoint.ts';
import { proveEntry } from '../../../src/trust/log/prove.ts';
import { findOpenLog, type LogRow, listLogs } from '../../../src/trust/log/store.ts';
import { openTiles, readServedTile } from '../../../src/trust/log/tiles.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { importTrustList, readTrustInForce } from '../../../src/trust/trust-lists.ts';
import { createScene, type Scene } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

forEachEngine((_engine, open, locate) => {
  let database: Database;
  let scene: Scene;

  before(async () => {
    database = await open();
    scene = await createScene(database);
  });

  const parts = () => ({ ...scene.dependencies, database });
  const append = (...loggables: Loggable[]) => database.transaction((tx) => appendEntries(tx, parts(), loggables));
  const describeList = (version: number): Loggable => ({
    organisationId: scene.caller.organisationId,
    entry: { type: 'trust-list', trustVersion: version, sha256: version.toString(16).padStart(64, '0') },
  });
  const readLog = async (): Promise<LogRow> => {
    const log = await findOpenLog(database.query);
    assert.ok(log);
    return log;
  };
  const readEntries = async (log: LogRow) => {
    const bytes = await readServedTile(database.query, log, { level: 'entries', index: 0, width: log.checkpoint_size });
    assert.ok(bytes);
    return parseEntryTile(bytes, log.checkpoint_size);
  };

  test('without a log nothing is appended, and nothing fails', async () => {
    await append(describeList(1));
    assert.equal(await findOpenLog(database.query), undefined);
  });

  test('an open vault begins a log under the name of the host, with a signed empty tree, and once', async () => {
    await openLog({ ...parts(), baseUrl: 'https://updates.example.com' });
    const log = await readLog();
    await openLog({ ...parts(), baseUrl: 'https://other.example.com' });
    assert.deepEqual(await readLog(), log);
    assert.equal(log.origin, 'updates.example.com/log');
    const key = await parseNoteKey(encodeLogKey(log));
    const note = await verifyNote(parseSignedNote(log.checkpoint ?? ''), [createNoteVerifier(key)]);
    assert.equal(parseCheckpoint(note.text).size, 0);
    const [begun] = await listAudit(database, { action: 'log.begun', limit: 1 });
    assert.equal(begun?.object_id, 'updates.example.com/log');
  });

  test('each leaf is proven under the checkpoint of its transaction, as the plain tree has it', async () => {
    for (let version = 1; version <= 9; version++) {
      const older = await readLog();
      const added = describeList(version);
      await append(added);
      const log = await readLog();
      const entries = await readEntries(log);
      const head = parseCheckpoint(parseSignedNote(log.checkpoint ?? '').text);
      assert.equal(head.size, version);
      assert.deepEqual(head.rootHash, hashTree(entries));
      const proof = await proveEntry(database.query, { ...added.entry, organisation: 'default' } as never);
      assert.deepEqual(proof?.hashes, proveInclusion(version - 1, entries));
      const leafHash = hashLeaf(entries[version - 1] ?? new Uint8Array());
      verifyInclusion({ leafHash, index: version - 1, hashes: proof?.hashes ?? [], head });
      const before = parseCheckpoint(parseSignedNote(older.checkpoint ?? '').text);
      const hashes = await proveConsistency(openTiles(database.query, log), { from: before.size, to: head.size });
      verifyConsistency({ older: before, newer: head, hashes });
    }
  });

  test('an entry is canonical JSON of its members alone, and stands once whoever appends it again', async () => {
    const log = await readLog();
    await append(describeList(3), describeList(3));
    assert.deepEqual(await readLog(), log);
    const [, , third] = await readEntries(log);
    assert.equal(
      new TextDecoder().decode(third),
      `{"organisation":"default","sha256":"${'3'.padStart(64, '0')}","trust_version":3,"type":"trust-list"}`,
    );
  });

  test('a transaction that ends in an error leaves no leaf', async () => {
    const log = await readLog();
    const failed = database.transaction(async (tx) => {
      await appendEntries(tx, parts(), [describeList(100)]);
      throw new Error('cut');
    });
    await assert.rejects(failed, /cut/);
    assert.deepEqual(await readLog(), log);
  });

  test('transactions that append at once leave one tree', async () => {
    await Promise.all(Array.from({ length: 6 }, (_, index) => append(describeList(20 + index))));
    const log = await readLog();
    assert.equal(log.size, 15);
    const head = parseCheckpoint(parseSignedNote(log.checkpoint ?? '').text);
    assert.deepEqual(head.rootHash, hashTree(await readEntries(log)));
  });

  test('two servers that append at once leave one tree', async (t) => {
    const location = await locate();
    const one = await openDatabase(location, { create: true });
    t.after(() => one.close());
    await migrate(one);
    const { dependencies, caller } = await createScene(one);
    // SQLite is one process's alone.
    const two = location.databaseUrl === undefined ? one : await openDatabase(location, { create: false });
    t.after(() => two.close());
    await openLog({ ...dependencies, baseUrl: undefined });
    const appendOne = (node: Database, version: number) =>
      node.transaction((tx) => {
        const { entry } = describeList(version);
        return appendEntries(tx, dependencies, [{ organisationId: caller.organisationId, entry }]);
      });
    await Promise.all(Array.from({ length: 12 }, (_, index) => appendOne(index % 2 === 0 ? one : two, index + 1)));
    const log = await findOpenLog(two.query);
    assert.deepEqual([log?.size, log?.checkpoint_size], [12, 12]);
    await checkLog(two.query, log as LogRow);
  });

  test('with a locked vault leaves wait, are not shown, and come under a checkpoint when it opens', async () => {
    const { checkpoint } = await readLog();
    const locked = { ...parts(), vault: { state: 'locked', unseal: () => assert.fail() } as const };
    await database.transaction((tx) => appendEntries(tx, locked, [describeList(30)]));
    const waiting = await readLog();
    assert.deepEqual([waiting.size, waiting.checkpoint_size, waiting.checkpoint], [16, 15, checkpoint]);
    assert.equal(await readServedTile(database.query, waiting, { level: 0, index: 0, width: 16 }), undefined);
    assert.equal(
      await proveEntry(database.query, { ...describeList(30).entry, organisation: 'default' } as never),
      undefined,
    );
    await openLog({ ...parts(), baseUrl: undefined });
    assert.equal((await readLog()).checkpoint_size, 16);
  });

  test('the database does not let anybody change, replace or take away what is logged', async () => {
    const other = await open();
    const { dependencies, caller } = await createScene(other);
    await openLog({ ...dependencies, baseUrl: undefined });
    const many = Array.from({ length: 260 }, (_, index) => ({
      ...describeList(index + 1),
      organisationId: caller.organisationId,
    }));
    await appendAll(dependencies, many);
    const rows = async () =>
      Promise.all([
        listLogs(other.query),
        other.query.selectFrom('log_entry').selectAll().orderBy('position').execute(),
        other.query.selectFrom('log_node').selectAll().execute(),
      ]);
    const expected = await rows();
    assert.equal(expected[2].length, 1);
    for (const statement of forbidden(other)) {
      await sql
        .raw(statement)
        .execute(other.query)
        .catch((error: unknown) => {
          assert.ok(error instanceof Error);
        });
      assert.deepEqual(await rows(), expected, statement);
    }
  });

  test('what was changed behind the back of the database is not signed over', async () => {
    const log = await readLog();
    await unguard(database, 'log_entry_update');
    const forged = encodeText('{"forged":true}');
    await sql`update log_entry set leaf_hash = ${Buffer.from(hashLeaf(forged)).toString('base64')} where position = 4`.execute(
      database.query,
    );
    await assert.rejects(append(describeList(31)), { code: 'unavailable', rule: 'log-damaged' });
    assert.deepEqual(await readLog(), log);
    const { importList, readVersion } = lists(scene);
    await importList(1);
    assert.equal(await readVersion(), 1, 'a list that may revoke a key does not wait');
    assert.equal((await readLog()).checkpoint, log.checkpoint);
    await assert.rejects(proveEntry(database.query, { ...describeList(9).entry, organisation: 'default' } as never));
  });

  test('a log whose key no longer opens ends, and the next one has another name and key', async () => {
    const before = await readLog();
    const vault = {
      state: 'unlocked',
      seal: scene.dependencies.vault.seal.bind(scene.dependencies.vault),
      unseal: (purpose: string, reference: string, text: string) =>
        scene.dependencies.vault.unseal(purpose, reference, reference.endsWith('/1') ? 'v1.AAAA' : text),
    };
    await openLog({ ...parts(), vault: vault as never, baseUrl: 'https://updates.example.com' });
    const log = await readLog();
    assert.deepEqual([log.origin, log.size], [`updates.example.com/log/${log.id}`, 0]);
    assert.notDeepEqual(parseBase64(log.pubkey_b64), parseBase64(before.pubkey_b64));
    const [ended] = await listAudit(database, { action: 'log.ended', limit: 1 });
    assert.equal(JSON.parse(ended?.detail ?? '{}').reason, 'key-lost');
    await append(describeList(1));
    assert.equal((await readLog()).checkpoint_size, 1);
  });
});

function lists({ dependencies, caller, signList }: Scene) {
  return {
    importList: async (version: number) => importTrustList(dependencies, caller, await signList({ version })),
    readVersion: async () => (await readTrustInForce(dependencies.database.query, caller.organisationId))?.version,
  };
}

function forbidden({ engine }: Database): string[] {
  const replace = ['log_entry', 'log_node', 'transparency_log'].map(
    (table) => `insert or replace into ${table} select * from ${table} limit 1`,
  );
  return [
    `update log_entry set entry = '{}' where position = 1`,
    'delete from log_entry where position = 259',
    'update transparency_log set size = 3, checkpoint_size = 3',
    `update transparency_log set origin = 'else'`,
    `update transparency_log set sealed_seed = 'v1.else'`,
    'update transparency_log set checkpoint = null',
    `update transparency_log set checkpoint = 'another of the same size'`,
    'delete from transparency_log',
    `update log_node set hash = '${'A'.repeat(43)}='`,
    'delete from log_node',
    ...(engine === 'sqlite' ? replace : []),
  ];
}

/** What only somebody with the file of the database in hand can do. */
async function unguard(database: Database, name: string): Promise<void> {
  const statement = database.engine === 'sqlite' ? `drop trigger ${name}` : `drop rule ${name} on log_entry`;
  await sql.raw(statement).execute(database.query);
}
