/** What a backup knows of the rows that it carries, held to the schema. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBlobReferences, type Tables } from '../../src/backup/content.ts';
import { openDatabase } from '../../src/storage/database/open.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { openFolder } from './scene.ts';

/** Columns that hold a SHA-256 and name no blob of their own. */
const otherDigests: readonly string[] = [
  // Of the artifact, which has a row of its own.
  'sbom.artifact_sha256',
  'vex_statement.artifact_sha256',
  'wordpress_deploy.artifact_sha256',
  'submission.sha256',
  // Of files that nobody has any more.
  'discarded_blob.sha256',
  // Of text in the row itself.
  'evidence_document.sha256',
  'release_policy.sha256',
];

test('every column that names a blob by its SHA-256 is read as such, so that no blob is missing from a backup unnoticed', async (t) => {
  const database = await openDatabase({ dataDir: await openFolder(t), databaseUrl: undefined }, { create: true });
  t.after(() => database.close());
  await migrate(database);
  const named: string[] = [];
  const read: string[] = [];
  for (const { name: table, columns } of await database.query.introspection.getTables()) {
    for (const { name: column } of columns.filter(({ name }) => /sha256|blob/.test(name))) {
      if (!otherDigests.includes(`${table}.${column}`)) named.push(`${table}.${column}`);
    }
    // A table of one row in which every column holds its own name.
    const names = columns.map(({ name }) => name);
    const rows = async function* () {
      yield names.map((name) => `${table}.${name}`);
    };
    const tables: Tables = new Map([[table, { name: table, columns: names, rows }]]);
    read.push(...(await readBlobReferences(tables)).keys());
  }
  assert.ok(named.includes('artifact.sha256'));
  assert.deepEqual(read.sort(), named.sort());
});
