/** Brings a database to this server's schema: numbered, forward only, each in one transaction. */
import { type Kysely, sql } from 'kysely';
import { Refusal } from '../../errors.ts';
import type { Database } from '../database.ts';
import type { Schema } from '../schema.ts';
import { foundation } from './0001-foundation.ts';
import { pki } from './0002-pki.ts';
import { vaultKey } from './0003-vault-key.ts';
import { timestamps } from './0004-timestamps.ts';
import { acme } from './0005-acme.ts';
import { revocation } from './0006-revocation.ts';
import { access } from './0007-access.ts';
import { vaultFingerprint } from './0008-vault-fingerprint.ts';
import { sboms } from './0009-sboms.ts';
import { trustRoots } from './0010-trust-roots.ts';
import { gate } from './0011-gate.ts';
import { publishers } from './0012-publishers.ts';
import { webhooks } from './0013-webhooks.ts';
import { auditOrder } from './0014-audit-order.ts';
import { push } from './0015-push.ts';
import { bus } from './0016-bus.ts';
import { watch } from './0017-watch.ts';
import { watching } from './0018-watching.ts';
import { vexFiles } from './0019-vex-files.ts';
import { unreadNames } from './0020-unread-names.ts';
import { publisherKeys } from './0021-publisher-keys.ts';
import { wordpress } from './0022-wordpress.ts';
import { smallSightings } from './0023-small-sightings.ts';
import { vouching } from './0024-vouching.ts';
import { clusters } from './0025-clusters.ts';
import { modules } from './0026-modules.ts';
import { notifications } from './0027-notifications.ts';
import { icons } from './0028-icons.ts';
import { wordpressUpdates } from './0029-wordpress-updates.ts';
import { preflight } from './0030-preflight.ts';
import { secondFactors } from './0031-second-factors.ts';
import { submissions } from './0032-submissions.ts';
import { wordpressAssets } from './0033-wordpress-assets.ts';
import { shownAssets } from './0034-shown-assets.ts';
import { resubmissions } from './0035-resubmissions.ts';
import { authorCounters } from './0036-author-counters.ts';
import { log } from './0037-log.ts';
import { pages } from './0038-pages.ts';
import { authorityProfile } from './0039-authority-profile.ts';
import type { Migration, Statement } from './migration.ts';

const migrations: readonly Migration[] = [
  foundation,
  pki,
  vaultKey,
  timestamps,
  acme,
  revocation,
  access,
  vaultFingerprint,
  sboms,
  trustRoots,
  gate,
  publishers,
  webhooks,
  auditOrder,
  push,
  bus,
  watch,
  watching,
  vexFiles,
  unreadNames,
  publisherKeys,
  wordpress,
  smallSightings,
  vouching,
  clusters,
  modules,
  notifications,
  icons,
  wordpressUpdates,
  preflight,
  secondFactors,
  submissions,
  wordpressAssets,
  shownAssets,
  resubmissions,
  authorCounters,
  log,
  pages,
  authorityProfile,
];

/**
 * Applies what is missing and returns the names, in order; none when the database is up to date. Throws `unavailable` for
 * a newer database. With `only`, the schema stops at these first migrations, as an older server had it; throws
 * `upload_refused`, rule `backup-newer-schema`, when they are not the first ones of this server.
 */
export async function migrate(database: Database, { only }: { only?: readonly string[] } = {}): Promise<string[]> {
  const wanted = only === undefined ? migrations : findFirst(only);
  await createRecord(database);
  const applied: string[] = [];
  for (const migration of wanted) {
    if (await applyMigration(database, migration)) applied.push(migration.name);
  }
  if (only === undefined) await assertMigrated(database);
  return applied;
}

function findFirst(names: readonly string[]): readonly Migration[] {
  const first = migrations.slice(0, names.length);
  if (names.length > 0 && first.every(({ name }, index) => name === names[index]) && first.length === names.length) {
    return first;
  }
  throw new Refusal('upload_refused', 'expected a backup of this version or an older one, got one of a newer version', {
    rule: 'backup-newer-schema',
    hint: 'restore it with the version of the server that made it, or a newer one',
  });
}

/** Throws `unavailable` unless the database has exactly this server's migrations. Changes nothing. */
export async function assertMigrated(database: Database): Promise<void> {
  const names = await readApplied(database);
  const missing = migrations.filter((migration) => !names.has(migration.name));
  if (missing.length > 0) {
    throw new Refusal(
      'unavailable',
      `expected a migrated database, ${missing.length} of ${migrations.length} missing`,
      {
        hint: 'signpost migrate',
      },
    );
  }
  if (names.size > migrations.length) {
    throw new Refusal('unavailable', 'expected a database of this version, got one of a newer version', {
      hint: 'start the newer server, or restore the backup from before the upgrade',
    });
  }
}

async function createRecord(database: Database): Promise<void> {
  try {
    await sql`create table if not exists migration (name text primary key)`.execute(database.query);
  } catch (error) {
    // On PostgreSQL two of these at once can collide in the catalogue, in more ways than one; then the table is there.
    if (!(await hasRecord(database))) throw error;
  }
}

async function readApplied(database: Database): Promise<Set<string>> {
  return (await hasRecord(database)) ? readNames(database.query) : new Set();
}

async function hasRecord(database: Database): Promise<boolean> {
  const tables = await database.query.introspection.getTables();
  return tables.some((table) => table.name === 'migration');
}

async function readNames(query: Kysely<Schema>): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`select name from migration`.execute(query);
  return new Set(rows.map((row) => row.name));
}

async function applyMigration(database: Database, migration: Migration): Promise<boolean> {
  return database.transaction(async (transaction) => {
    // Read inside the transaction: another process may be migrating as well.
    if ((await readNames(transaction)).has(migration.name)) return false;
    for (const statement of migration.statements) {
      await sql.raw(translate(statement, database.engine)).execute(transaction);
    }
    await sql`insert into migration (name) values (${migration.name})`.execute(transaction);
    return true;
  });
}

/**
 * The statement for `engine`. STRICT tables hold to their types as PostgreSQL's do; there, integers have 64 bits as in
 * SQLite, and text is compared by its bytes as in SQLite, whatever the locale of the cluster.
 */
function translate(statement: Statement, engine: Database['engine']): string {
  if (typeof statement !== 'string') return statement[engine];
  if (engine === 'sqlite') return statement;
  return statement
    .replaceAll(/\bINTEGER\b/g, 'bigint')
    .replaceAll(/\bTEXT\b/g, 'text collate "C"')
    .replaceAll(/\) STRICT$/g, ')');
}
