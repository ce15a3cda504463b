/** Content leaves one engine and arrives on the other, unchanged, whatever the tables are. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { systemActor } from '../../../src/audit/audit.ts';
import { recordAudit, verifyAuditChain } from '../../../src/audit/store.ts';
import { type DatabaseLocation, openDatabase } from '../../../src/storage/database/open.ts';
import type { Database } from '../../../src/storage/database.ts';
import { migrate } from '../../../src/storage/migrations/migrate.ts';
import { loadContent } from '../../../src/storage/portable/load.ts';
import type { PortableContent, Snapshot } from '../../../src/storage/portable/portable.ts';
import { openSnapshot } from '../../../src/storage/portable/snapshot.ts';
import { forEachEngine } from '../engines.ts';

forEachEngine((_name, _open, locate) => {
  test('a snapshot holds one moment, and goes to SQLite unchanged', async (t) => {
    const location = await locate();
    const database = await openFilled(t, location);
    const snapshot = await take(t, location);
    await record(database, 'after the snapshot');
    const before = await copyOf(snapshot);
    assert.equal(before.audit_event?.length, 2);
    const target = await openEmpty(t, { dataDir: await openFolder(t), databaseUrl: undefined });
    assert.deepEqual(await loadContent(target, snapshot), []);
    assert.equal((await verifyAuditChain(target)).sequence, 2);
  });

  test('content of SQLite arrives here unchanged, and rows that refer to each other in circles do', async (t) => {
    const source = { dataDir: await openFolder(t), databaseUrl: undefined };
    const database = await openFilled(t, source);
    await refer(database);
    const snapshot = await take(t, source);
    const here = await locate();
    const target = await openEmpty(t, here);
    await loadContent(target, snapshot);
    assert.deepEqual(await copyOf(await take(t, here)), await copyOf(snapshot));
    const insert = sql`insert into membership values ('nobody', 'nobody', 'admin', 1)`.execute(target.query);
    await assert.rejects(insert, 'the foreign keys are in force again');
  });

  test('content of an older schema is brought to this one', async (t) => {
    const source = { dataDir: await openFolder(t), databaseUrl: undefined };
    const database = await openEmpty(t, source);
    await migrate(database, { only: ['0001_foundation'] });
    await record(database, 'long ago');
    const target = await openEmpty(t, await locate());
    const applied = await loadContent(target, await take(t, source));
    assert.equal(applied[0], '0002_pki');
    assert.equal((await verifyAuditChain(target)).sequence, 1);
  });

  const wrongs: readonly [string, string, (snapshot: Snapshot) => Pick<Snapshot, 'migrations' | 'tables'>][] = [
    ['a newer schema', 'backup-newer-schema', (s) => ({ ...s, migrations: [...s.migrations, '9999_later'] })],
    ['migrations of nobody', 'backup-newer-schema', (s) => ({ ...s, migrations: ['0001_other'] })],
    ['a table too few', 'backup-tables', (s) => ({ ...s, tables: s.tables.slice(1) })],
    ['a table too many', 'backup-tables', (s) => ({ ...s, tables: [...s.tables, fake('stranger', ['a'], [])] })],
    ['another column', 'backup-tables', (s) => replace(s, fake('organisation', ['id', 'slug'], []))],
    [
      'a row that breaks a constraint',
      'backup-rows',
      (s) => replace(s, fake('audit_head', ['id', 'sequence', 'hash'], [[1, -1, 'x']])),
    ],
    [
      'a row that refers to nothing',
      'backup-rows',
      (s) => replace(s, fake('membership', memberColumns, [['no', 'no', 'admin', 1]])),
    ],
    [
      'text where a number belongs',
      'backup-rows',
      (s) => replace(s, fake('audit_head', ['id', 'sequence', 'hash'], [['one', 0, '0'.repeat(64)]])),
    ],
  ];
  for (const [what, rule, change] of wrongs) {
    test(`${what} is refused`, async (t) => {
      const source = { dataDir: await openFolder(t), databaseUrl: undefined };
      await openFilled(t, source);
      const content = change(await take(t, source));
      const target = await openEmpty(t, await locate());
      await assert.rejects(loadContent(target, content), { name: 'Refusal', code: 'upload_refused', rule });
    });
  }
});

const memberColumns = ['organisation_id', 'person_id', 'role', 'created_at'];

function fake(
  name: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): PortableContent {
  return {
    name,
    columns,
    async *rows() {
      yield* rows;
    },
  };
}

function replace(snapshot: Snapshot, table: PortableContent): Snapshot {
  return { ...snapshot, tables: snapshot.tables.map((other) => (other.name === table.name ? table : other)) };
}

async function openFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function openEmpty(t: TestContext, location: DatabaseLocation): Promise<Database> {
  const database = await openDatabase(location, { create: true });
  t.after(() => database.close());
  return database;
}

async function openFilled(t: TestContext, location: DatabaseLocation): Promise<Database> {
  const database = await openEmpty(t, location);
  await migrate(database);
  await record(database, 'first');
  await record(database, 'an emoji 🪧, a quote " and a line\nbreak');
  return database;
}

async function take(t: TestContext, location: DatabaseLocation): Promise<Snapshot> {
  const snapshot = await openSnapshot(location, await openFolder(t));
  t.after(() => snapshot.close());
  return snapshot;
}

async function record(database: Database, id: string): Promise<void> {
  await database.transaction((tx) =>
    recordAudit(tx, 1, {
      organisationId: null,
      actor: systemActor,
      action: 'server.migrated',
      object: { kind: 'x', id },
    }),
  );
}

/** An intermediate that stands before its root, whichever order rows are read in. */
async function refer(database: Database): Promise<void> {
  const common = { organisation_id: 'o', custody: 'offline', algorithm: 'x', subject: 's', public_key: 'p' } as const;
  const rest = { sealed_key: null, dual_protection: null, state: 'active', created_at: 1, ended_at: null } as const;
  await database.query
    .insertInto('organisation')
    .values({ id: 'o', slug: 'o', name: 'o', host: null, created_at: 1 })
    .execute();
  for (const [id, parent] of [
    ['b', null],
    ['a', 'b'],
  ] as const) {
    const kind = parent === null ? 'root' : 'intermediate';
    const row = { ...common, ...rest, id, name: id, kind, parent_id: parent, key_id: id.repeat(64) } as const;
    await database.query.insertInto('authority').values(row).execute();
  }
}

async function copyOf({ tables }: Snapshot): Promise<Record<string, string[]>> {
  const copy: Record<string, string[]> = {};
  for (const table of tables) {
    const rows: string[] = [];
    for await (const row of table.rows()) {
      const named = table.columns.map((column, index) => [column, row[index]] as const);
      rows.push(JSON.stringify(named.toSorted(([left], [right]) => (left < right ? -1 : 1))));
    }
    copy[table.name] = rows.sort();
  }
  return copy;
}
