/** Foreign keys while rows come in any order: rows refer to their own table and in circles, so none can be first. */
import { sql, type Transaction } from 'kysely';
import { Refusal } from '../../errors.ts';
import type { Database } from '../database.ts';
import type { Schema } from '../schema.ts';

/** A foreign key that was taken off and must come back. */
interface Reference {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** Lets rows refer to what is not there yet, until `enforceReferences` in the same transaction. */
export async function suspendReferences(
  transaction: Transaction<Schema>,
  engine: Database['engine'],
): Promise<readonly Reference[]> {
  if (engine === 'sqlite') {
    await sql`pragma defer_foreign_keys = on`.execute(transaction);
    return [];
  }
  const { rows } = await sql<Reference>`
    select relation.relname as "table", conname as name, pg_get_constraintdef(key.oid) as definition
    from pg_constraint key join pg_class relation on relation.oid = key.conrelid
    where key.contype = 'f' and key.connamespace = current_schema()::regnamespace`.execute(transaction);
  for (const { table, name } of rows) {
    await sql`alter table ${sql.table(table)} drop constraint ${sql.ref(name)}`.execute(transaction);
  }
  return rows;
}

/** Puts every foreign key back in force. Throws `upload_refused`, rule `backup-rows`, when a row refers to nothing. */
export async function enforceReferences(
  transaction: Transaction<Schema>,
  engine: Database['engine'],
  references: readonly Reference[],
): Promise<void> {
  if (engine === 'sqlite') {
    const { rows } = await sql<{ table: string }>`pragma foreign_key_check`.execute(transaction);
    const [first] = rows;
    if (!first) return;
    throw new Refusal('upload_refused', `expected rows of ${first.table} to refer to rows that exist`, {
      rule: 'backup-rows',
      hint: 'the backup was changed: take another one',
    });
  }
  for (const { table, name, definition } of references) {
    await sql`alter table ${sql.table(table)} add constraint ${sql.ref(name)} ${sql.raw(definition)}`.execute(
      transaction,
    );
  }
}
