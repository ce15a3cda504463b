/** The statements of a restore: what the restored rows must not go on with, and the row that tells of it. */
import { sql } from 'kysely';
import type { Actor } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import { defaultOrganisation } from '../http/guard.ts';
import { beginAnew } from '../push/log/begin-anew.ts';
import { uploadJobKind } from '../releases/uploads/upload.ts';
import type { Database, Query } from '../storage/database.ts';
import { replaceVaultRecord, type VaultRecord } from '../vault/store.ts';
import type { Manifest } from './archive/manifest.ts';
import { backupJobKind } from './names.ts';

/** What is recorded of a restore in the chain that comes into force. */
export interface RestoreRecord {
  readonly actor: Actor;
  readonly now: number;
  readonly manifest: Manifest;
  /** The end of the chain that goes out of force, if one could be read. */
  readonly replaced: { readonly sequence: number; readonly hash: string } | undefined;
  /** The row of the same vault that is in force, whose password goes on; undefined: the restored one does. */
  readonly vault: VaultRecord | undefined;
}

/**
 * Makes restored rows fit to be served, in one transaction: sessions end, logs of frames begin a new epoch, and what was under way when the backup was made
 * is given up (uploads whose bytes are in no backup, and jobs that would make one). The master password in force stays that of
 * the same vault.
 */
export async function settleRestored(database: Database, record: RestoreRecord): Promise<void> {
  const { actor, now, manifest, replaced, vault } = record;
  await database.transaction(async (transaction) => {
    if (vault) await replaceVaultRecord(transaction, vault);
    await beginAnew(transaction);
    await transaction.updateTable('session').set({ revoked_at: now }).where('revoked_at', 'is', null).execute();
    await transaction.deleteFrom('upload').where('state', 'in', ['receiving', 'inspecting']).execute();
    await transaction
      .deleteFrom('job')
      .where('kind', 'in', [uploadJobKind, backupJobKind])
      .where('state', 'in', ['waiting', 'running'])
      .execute();
    await recordAudit(transaction, now, {
      organisationId: await findDefaultOrganisation(transaction),
      // Of people who acted on the other state only the kind is known to this one.
      actor: { kind: actor.kind, id: actor.id, sessionId: null },
      action: 'restore.completed',
      object: { kind: 'backup', id: manifest.made_at },
      detail: {
        made_at: manifest.made_at,
        restored_sequence: manifest.audit.sequence,
        replaced_sequence: replaced?.sequence ?? null,
        replaced_hash: replaced?.hash ?? null,
      },
    });
  });
}

/** The id of the organisation that reads what concerns the whole server; null in a database without one. */
export async function findDefaultOrganisation(query: Query): Promise<string | null> {
  const row = await query
    .selectFrom('organisation')
    .select('id')
    .where('slug', '=', defaultOrganisation)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** The vault's row, also in the schema of an older server; undefined while there is no vault. */
export async function readVaultInForce(query: Query): Promise<VaultRecord | undefined> {
  const row = await query.selectFrom('vault_state').selectAll().executeTakeFirst();
  if (!row) return undefined;
  const { id: _, wrapped_key = null, key_fingerprint = null, ...record } = row;
  return { ...record, wrapped_key, key_fingerprint };
}

/** The backups that the audit log tells of: sizes in bytes by name. */
export async function listMadeBackups(query: Query): Promise<Map<string, number>> {
  const rows = await query
    .selectFrom('audit_event')
    .select(['object_id', 'detail'])
    .where('action', '=', 'backup.created')
    .orderBy('sequence')
    .execute();
  return new Map(rows.map(({ object_id, detail }) => [object_id, Number(JSON.parse(detail ?? '{}').size_bytes)]));
}

/** The backup whose file has that SHA-256 (hex), by what the audit log tells; undefined for one that was made elsewhere. */
export async function findMadeBackup(
  query: Query,
  sha256: string,
): Promise<{ readonly name: string; readonly madeAt: number } | undefined> {
  const row = await query
    .selectFrom('audit_event')
    .select(['object_id', 'at'])
    .where('action', '=', 'backup.created')
    .where('detail', 'like', `%"sha256":"${sha256}"%`)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { name: row.object_id, madeAt: row.at };
}

/** The end of the audit chain as the row says, verified by nobody. */
export async function readChainEnd(query: Query): Promise<{ sequence: number; hash: string } | undefined> {
  return query.selectFrom('audit_head').select(['sequence', 'hash']).executeTakeFirst();
}

/** Throws `upload_refused`, rule `backup-rows`, unless SQLite finds the file sound; PostgreSQL has checked as it wrote. */
export async function assertIntegrity(database: Database): Promise<void> {
  if (database.engine !== 'sqlite') return;
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(1)`.execute(database.query);
  if (rows[0]?.integrity_check === 'ok') return;
  throw new Refusal('upload_refused', 'expected a sound database, got one that SQLite finds damaged', {
    rule: 'backup-rows',
    hint: 'the disk may be failing: try another folder or machine',
  });
}

/** Rows of one page of a walk through a table. */
const pageRows = 500;

/** A file of a release that is not deleted, with what it must be. */
export interface ReleaseFile {
  readonly project: string;
  readonly version: string;
  readonly sha256: string;
  readonly size_bytes: number;
}

/** Every file of every release. */
export async function listReleaseFiles(query: Query): Promise<ReleaseFile[]> {
  return query
    .selectFrom('artifact')
    .innerJoin('release', 'release.id', 'artifact.release_id')
    .innerJoin('project', 'project.id', 'release.project_id')
    .select(['project.slug as project', 'release.version', 'artifact.sha256', 'artifact.size_bytes'])
    .execute();
}

/** Every file of an icon, also of those that were replaced. */
export async function listIconFiles(query: Query): Promise<ReleaseFile[]> {
  return query
    .selectFrom('module_icon')
    .innerJoin('project', 'project.id', 'module_icon.module_id')
    .select(['project.slug as project', 'module_icon.sha256', 'module_icon.size_bytes'])
    .select(({ val }) => val('icon').as('version'))
    .execute();
}

/** A signed manifest, whichever became of it. */
export interface SignedManifest {
  readonly organisation_id: string;
  readonly project: string;
  readonly channel: string;
  readonly counter: number;
  readonly state: string;
  readonly envelope: string;
}

/** Every manifest that was signed, in pages. */
export async function* walkManifests(query: Query): AsyncGenerator<SignedManifest> {
  for (let after = ''; ; ) {
    const rows = await query
      .selectFrom('manifest')
      .innerJoin('project', 'project.id', 'manifest.project_id')
      .select(['manifest.id', 'project.organisation_id', 'project.slug as project', 'manifest.channel'])
      .select(['manifest.counter', 'manifest.state', 'manifest.envelope'])
      .where('manifest.envelope', 'is not', null)
      .where('manifest.id', '>', after)
      .orderBy('manifest.id')
      .limit(pageRows)
      .execute();
    for (const row of rows) yield { ...row, envelope: row.envelope ?? '' };
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}

/** Every trust list of an organisation, as it was signed. */
export async function listTrustEnvelopes(query: Query, organisationId: string): Promise<string[]> {
  const rows = await query
    .selectFrom('trust_list')
    .select('envelope')
    .where('organisation_id', '=', organisationId)
    .execute();
  return rows.map(({ envelope }) => envelope);
}

/** Every certificate with the key that must have signed it, in pages; `issuer_key` is null when somebody else issued it. */
export async function* walkCertificates(
  query: Query,
): AsyncGenerator<{ id: string; der: string; fingerprint: string; issuer_key: string | null }> {
  for (let after = ''; ; ) {
    const rows = await query
      .selectFrom('certificate')
      .leftJoin('authority', 'authority.id', 'certificate.issuer_id')
      .select(['certificate.id', 'certificate.der', 'certificate.fingerprint', 'authority.public_key as issuer_key'])
      .where('certificate.id', '>', after)
      .orderBy('certificate.id')
      .limit(pageRows)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}
