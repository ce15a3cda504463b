import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type KyselyPlugin, sql } from 'kysely';
import { systemActor } from '../../src/audit/audit.ts';
import { recordAudit, verifyAuditChain } from '../../src/audit/store.ts';
import { Refusal } from '../../src/errors.ts';
import { openDatabase } from '../../src/storage/database/open.ts';
import { assertMigrated, migrate } from '../../src/storage/migrations/migrate.ts';
import { forEachEngine } from './engines.ts';

const storage = join(import.meta.dirname, '../../src/storage');

const isUnavailable = (hint: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.code === 'unavailable' && hint.test(error.hint ?? '');

const migrationNames = listMigrationNames();

forEachEngine((_name, open, locate) => {
  test('an empty database is refused until it is migrated', async () => {
    const database = await openDatabase(await locate(), { create: true });
    try {
      await assert.rejects(assertMigrated(database), isUnavailable(/^signpost migrate$/));
      assert.deepEqual(await migrate(database), migrationNames);
      await assertMigrated(database);
    } finally {
      await database.close();
    }
  });

  test('migrating twice applies nothing the second time', async () => {
    const database = await open();
    assert.deepEqual(await migrate(database), []);
  });

  test('two processes that migrate at once apply each migration once', async () => {
    const location = await locate();
    const first = await openDatabase(location, { create: true });
    const second = await openDatabase(location, { create: true });
    try {
      const applied = await Promise.all([migrate(first), migrate(second)]);
      // Which of them gets to which migration first is chance.
      assert.deepEqual(applied.flat().toSorted(), migrationNames);
    } finally {
      await first.close();
      await second.close();
    }
  });

  test('whoever comes second to the table of migrations goes on when it is there, and fails otherwise', async () => {
    const location = await locate();
    const database = await openDatabase(location, { create: true });
    // As PostgreSQL says it when the other one has committed in between (42710, duplicate_object).
    const collision = Object.assign(new Error('type "migration" already exists'), { code: '42710' });
    const collide: KyselyPlugin = {
      transformQuery: ({ node }) => {
        if (node.kind === 'RawNode' && node.sqlFragments[0]?.startsWith('create table if not exists migration')) {
          throw collision;
        }
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const second = { ...database, query: database.query.withPlugin(collide) };
    try {
      await assert.rejects(migrate(second), collision);
      assert.deepEqual(await migrate(database), migrationNames);
      assert.deepEqual(await migrate(second), []);
    } finally {
      await database.close();
    }
  });

  // As the migration before left the database, with rows: what the migration itself makes must not be there yet.
  for (const [name, made] of [
    ['0007_access', ['client_access']],
    ['0014_audit_order', []],
  ] as const) {
    test(`the audit log keeps its rows and its chain when ${name} makes its table anew`, async () => {
      const database = await open();
      for (const table of made) await sql`drop table ${sql.table(table)}`.execute(database.query);
      await sql`delete from migration where name = ${name}`.execute(database.query);
      for (const id of ['1', '2', '3']) {
        await database.transaction((tx) =>
          recordAudit(tx, 1, {
            ...{ organisationId: null, actor: systemActor, action: 'server.migrated', object: { kind: 'server', id } },
          }),
        );
      }
      const before = await database.query.selectFrom('audit_event').selectAll().orderBy('sequence').execute();
      assert.deepEqual(await migrate(database), [name]);
      assert.deepEqual(
        await database.query.selectFrom('audit_event').selectAll().orderBy('sequence').execute(),
        before,
      );
      assert.equal((await verifyAuditChain(database)).sequence, 3);
    });
  }

  test('the database of a newer version is refused', async () => {
    const database = await open();
    await sql`insert into migration (name) values ('9999_future')`.execute(database.query);
    await assert.rejects(assertMigrated(database), isUnavailable(/newer/));
  });

  test('the tables are those of schema.ts, column by column, null by null', async () => {
    const database = await open();
    const tables = await database.query.introspection.getTables();
    const found = tables
      .filter((table) => table.name !== 'migration')
      .flatMap((table) => table.columns.map((column) => `${table.name}.${column.name}${column.isNullable ? '?' : ''}`));
    assert.deepEqual(found.sort(), readSchemaColumns().sort());
  });
});

/** What the files of the folder `migrations` are called: `0001-foundation.ts` holds `0001_foundation`. */
function listMigrationNames(): string[] {
  const files = globSync('[0-9]*.ts', { cwd: join(storage, 'migrations') }).sort();
  assert.deepEqual(
    files.map((file) => Number.parseInt(file, 10)),
    files.map((_, index) => index + 1),
  );
  return files.map((file) => file.replace(/\.ts$/, '').replaceAll('-', '_'));
}

/** Every `table.column` of schema.ts and its folder `tables`, `?` after those that may be null. */
function readSchemaColumns(): string[] {
  const files = ['schema.ts', ...globSync('tables/*.ts', { cwd: storage })];
  const source = files.map((file) => readFileSync(join(storage, file), 'utf8')).join('\n');
  const tableOf = new Map([...source.matchAll(/^ {2}(\w+): (\w+Table);$/gm)].map((match) => [match[2], match[1]]));
  return [...source.matchAll(/^(?:export )?interface (\w+Table) \{\n([^}]*)\}/gm)].flatMap(([, name, body = '']) =>
    [...body.matchAll(/^ {2}(\w+): (.*);$/gm)].map(
      ([, column, type = '']) => `${tableOf.get(name)}.${column}${type.endsWith('| null') ? '?' : ''}`,
    ),
  );
}
