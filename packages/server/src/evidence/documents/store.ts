/** SQL of evidence documents. */
import type { Insertable, Selectable, Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { EvidenceDocumentTable } from '../../storage/tables/gate.ts';

/** A stored document. */
export type EvidenceDocumentRow = Selectable<EvidenceDocumentTable>;

/** A document without its text: what lists need. */
export type EvidenceDocumentHead = Omit<EvidenceDocumentRow, 'content'>;

/** The documents of artifacts without their texts, oldest first. */
export async function listDocumentHeads(query: Query, artifactIds: readonly string[]): Promise<EvidenceDocumentHead[]> {
  if (artifactIds.length === 0) return [];
  return query
    .selectFrom('evidence_document')
    .select(['id', 'artifact_id', 'kind', 'origin', 'name', 'sha256', 'size_bytes', 'author', 'created_at'])
    .where('artifact_id', 'in', [...artifactIds])
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The document of that digest about one of the artifacts, or undefined. */
export async function findDocument(
  query: Query,
  { artifactIds, sha256 }: { readonly artifactIds: readonly string[]; readonly sha256: string },
): Promise<EvidenceDocumentRow | undefined> {
  if (artifactIds.length === 0) return undefined;
  return query
    .selectFrom('evidence_document')
    .selectAll()
    .where('artifact_id', 'in', [...artifactIds])
    .where('sha256', '=', sha256)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}

/** The documents of artifacts with their texts, oldest first. */
export async function listDocuments(query: Query, artifactIds: readonly string[]): Promise<EvidenceDocumentRow[]> {
  if (artifactIds.length === 0) return [];
  return query
    .selectFrom('evidence_document')
    .selectAll()
    .where('artifact_id', 'in', [...artifactIds])
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** How many documents somebody attached to an artifact. */
export async function countAttached(query: Query, artifactId: string): Promise<number> {
  const row = await query
    .selectFrom('evidence_document')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('artifact_id', '=', artifactId)
    .where('origin', '=', 'attached')
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Stores a document; false when the artifact has it already. */
export async function insertDocument(
  tx: Transaction<Schema>,
  row: Insertable<EvidenceDocumentTable>,
): Promise<boolean> {
  const result = await tx
    .insertInto('evidence_document')
    .values(row)
    .onConflict((conflict) => conflict.columns(['artifact_id', 'sha256']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return result !== undefined;
}

/** Takes a document away that somebody attached; false when there is none of that digest. */
export async function deleteAttached(
  tx: Transaction<Schema>,
  where: { readonly artifactId: string; readonly sha256: string },
): Promise<boolean> {
  const row = await tx
    .deleteFrom('evidence_document')
    .where('artifact_id', '=', where.artifactId)
    .where('sha256', '=', where.sha256)
    .where('origin', '=', 'attached')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}
