/** SQL of observations: artifacts, facts, tags, and the chain of sightings. */
import { type Insertable, type Selectable, sql } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { WatchArtifactTable, WatchChainTable, WatchObservationTable } from '../../storage/tables/watch.ts';
import type { Tx } from '../parts.ts';

/** A stored artifact. */
export type ArtifactRow = Selectable<WatchArtifactTable>;
/** The end of a chain. */
export type ChainRow = Selectable<WatchChainTable>;
/** A stored sighting. */
export type ObservationRow = Selectable<WatchObservationTable>;

type Numbered = 'watch_line' | 'watch_artifact' | 'watch_facts' | 'watch_signer';

/** The next number of a table: writers come one at a time, and rows are never taken away. */
export async function takeNumber(tx: Tx, table: Numbered): Promise<number> {
  const row = await tx
    .selectFrom(table as 'watch_line')
    .select(({ fn }) => fn.max('number').as('last'))
    .executeTakeFirst();
  return (row?.last ?? 0) + 1;
}

/** The chain of an organisation; undefined: nothing was ever seen for it. */
export async function findChain(query: Query, organisationId: string): Promise<ChainRow | undefined> {
  return query.selectFrom('watch_chain').selectAll().where('organisation_id', '=', organisationId).executeTakeFirst();
}

/** Starts the chain of an organisation. */
export async function insertChain(tx: Tx, organisationId: string): Promise<ChainRow> {
  const last = await tx
    .selectFrom('watch_chain')
    .select(({ fn }) => fn.max('number').as('last'))
    .executeTakeFirst();
  const row: ChainRow = {
    ...{ organisation_id: organisationId, number: (last?.last ?? 0) + 1, observations: 0, last_at: 0, hash: '' },
    sealed_hash: null,
  };
  await tx.insertInto('watch_chain').values(row).execute();
  return row;
}

/** Moves the end of a chain; false when it is no longer where it was. */
export async function moveChain(
  tx: Tx,
  from: ChainRow,
  to: Pick<ChainRow, 'observations' | 'last_at' | 'hash'>,
): Promise<boolean> {
  const moved = await tx
    .updateTable('watch_chain')
    .set(to)
    .where('number', '=', from.number)
    // The chain cannot fork, whatever the isolation of the transaction.
    .where('observations', '=', from.observations)
    .where('hash', '=', from.hash)
    .executeTakeFirst();
  return moved.numUpdatedRows === 1n;
}

/** Notes that the audit log has the end of a chain. */
export async function noteSeal(tx: Tx, chain: ChainRow): Promise<void> {
  await tx.updateTable('watch_chain').set({ sealed_hash: chain.hash }).where('number', '=', chain.number).execute();
}

/** Chains whose end the audit log does not have. */
export async function listUnsealed(query: Query): Promise<ChainRow[]> {
  return query
    .selectFrom('watch_chain')
    .selectAll()
    .where(({ eb, or, ref }) => or([eb('sealed_hash', 'is', null), eb('sealed_hash', '!=', ref('hash'))]))
    .orderBy('number')
    .execute();
}

/** The number of the last observation of all; 0: none. */
export async function readLastSequence(query: Query): Promise<number> {
  const row = await query
    .selectFrom('watch_observation')
    .select(({ fn }) => fn.max('sequence').as('last'))
    .executeTakeFirst();
  return row?.last ?? 0;
}

/** A sighting with what its hash covers beside its own row. */
export interface ChainedRow extends ObservationRow {
  readonly content: string;
  readonly facts_hash: string;
  readonly document: string;
}

/** Sightings of a chain, oldest first. */
export async function readChainPage(
  query: Query,
  { chain, after, limit }: { readonly chain: number; readonly after: number; readonly limit: number },
): Promise<ChainedRow[]> {
  return query
    .selectFrom('watch_observation as seen')
    .innerJoin('watch_artifact as artifact', 'artifact.number', 'seen.artifact')
    .innerJoin('watch_facts as facts', 'facts.number', 'seen.facts')
    .selectAll('seen')
    .select(['artifact.content', 'facts.hash as facts_hash', 'facts.document'])
    .where('seen.sequence', '>', after)
    .where('seen.chain', '=', chain)
    .orderBy('seen.sequence')
    .limit(limit)
    .execute();
}

/** Adds a sighting. */
export async function insertObservation(tx: Tx, row: ObservationRow): Promise<void> {
  await tx.insertInto('watch_observation').values(row).execute();
}

/** The number of a fact set by its hash. */
export async function findFacts(query: Query, hash: string): Promise<number | undefined> {
  const row = await query.selectFrom('watch_facts').select('number').where('hash', '=', hash).executeTakeFirst();
  return row?.number;
}

/** Stores a fact set that is not there yet. */
export async function insertFacts(tx: Tx, row: Insertable<Schema['watch_facts']>): Promise<void> {
  await tx.insertInto('watch_facts').values(row).execute();
}

/** The artifact of a line by content and version. */
export async function findArtifact(
  query: Query,
  { line, content, version }: { readonly line: number; readonly content: string; readonly version: string | undefined },
): Promise<ArtifactRow | undefined> {
  return query
    .selectFrom('watch_artifact')
    .selectAll()
    .where('line', '=', line)
    .where('content', '=', content)
    .$if(version === undefined, (select) => select.where('version', 'is', null))
    .$if(version !== undefined, (select) => select.where('version', '=', version ?? ''))
    .executeTakeFirst();
}

/** Stores an artifact. */
export async function insertArtifact(tx: Tx, row: ArtifactRow): Promise<void> {
  await tx.insertInto('watch_artifact').values(row).execute();
}

/** Notes what was seen of an artifact last. */
export async function updateArtifact(
  tx: Tx,
  number: number,
  set: Pick<ArtifactRow, 'last_sequence' | 'facts' | 'was_signed' | 'published_at' | 'in_use'>,
): Promise<void> {
  await tx.updateTable('watch_artifact').set(set).where('number', '=', number).execute();
}

/** Marks artifacts that were rejected. */
export async function quarantineArtifact(tx: Tx, number: number, now: number): Promise<void> {
  await tx
    .updateTable('watch_artifact')
    .set({ quarantined_at: now })
    .where('number', '=', number)
    .where('quarantined_at', 'is', null)
    .execute();
}

/** How many artifacts a line has. */
export async function countArtifacts(query: Query, line: number): Promise<number> {
  const row = await query
    .selectFrom('watch_artifact')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('line', '=', line)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** The last artifacts of a line with their last facts. */
export async function listLastArtifacts(
  query: Query,
  { line, limit }: { readonly line: number; readonly limit: number },
): Promise<(ArtifactRow & { readonly document: string })[]> {
  return query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_facts as facts', 'facts.number', 'artifact.facts')
    .selectAll('artifact')
    .select('facts.document')
    .where('line', '=', line)
    .orderBy('artifact.number', 'desc')
    .limit(limit)
    .execute();
}

/** The first content that was seen under a version of a line, other than `content`. */
export async function findOtherContent(
  query: Query,
  { line, content, version }: { readonly line: number; readonly content: string; readonly version: string },
): Promise<string | undefined> {
  const row = await query
    .selectFrom('watch_artifact')
    .select('content')
    .where('line', '=', line)
    .where('version', '=', version)
    .where('content', '!=', content)
    .orderBy('number')
    .executeTakeFirst();
  return row?.content;
}

/** What a version of a source was seen to be last. */
export async function findVersion(
  query: Query,
  sourceId: string,
  version: string,
): Promise<Pick<ArtifactRow, 'content' | 'first_seen_at'> | undefined> {
  return query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .select(['artifact.content', 'artifact.first_seen_at'])
    .where('line.source_id', '=', sourceId)
    .where('artifact.version', '=', version)
    .orderBy('artifact.last_sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Where a tag led last. */
export async function findTag(
  query: Query,
  { sourceId, name }: { readonly sourceId: string; readonly name: string },
): Promise<Selectable<Schema['watch_tag']> | undefined> {
  return query
    .selectFrom('watch_tag')
    .selectAll()
    .where('source_id', '=', sourceId)
    .where('name', '=', name)
    .orderBy('number', 'desc')
    .executeTakeFirst();
}

/** Everywhere that the tags of a source led, the last first. */
export async function listTags(
  query: Query,
  sourceId: string,
  limit: number,
): Promise<Selectable<Schema['watch_tag']>[]> {
  return query
    .selectFrom('watch_tag')
    .selectAll()
    .where('source_id', '=', sourceId)
    .orderBy('sequence', 'desc')
    .limit(limit)
    .execute();
}

/** Adds where a tag leads. */
export async function insertTag(tx: Tx, row: Insertable<Schema['watch_tag']>): Promise<void> {
  await tx.insertInto('watch_tag').values(row).execute();
}

/** Times (Unix ms) of the artifacts of a source in a stretch of time. */
export async function listTimes(
  query: Query,
  { sourceId, from, to }: { readonly sourceId: string; readonly from: number; readonly to: number },
): Promise<number[]> {
  const rows = await query
    .selectFrom('watch_artifact as artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .select('published_at')
    .where('line.source_id', '=', sourceId)
    .where('published_at', '>', from)
    .where('published_at', '<=', to)
    .limit(10_000)
    .execute();
  return rows.flatMap(({ published_at: at }) => at ?? []);
}

/** The last fact sets of a source that tell of a trust list. */
export async function listTrustFacts(query: Query, sourceId: string, limit: number): Promise<string[]> {
  const rows = await query
    .selectFrom('watch_observation as seen')
    .innerJoin('watch_artifact as artifact', 'artifact.number', 'seen.artifact')
    .innerJoin('watch_line as line', 'line.number', 'artifact.line')
    .innerJoin('watch_facts as facts', 'facts.number', 'seen.facts')
    .select(['facts.number', 'facts.document'])
    .distinct()
    .where('line.source_id', '=', sourceId)
    // Inside of a string of JSON the quotes would be escaped.
    .where('facts.document', 'like', sql.lit('%"trust":{%'))
    .orderBy('facts.number', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ document }) => document);
}

/** The line of a source by name. */
export async function findLine(query: Query, sourceId: string, name: string): Promise<number | undefined> {
  const row = await query
    .selectFrom('watch_line')
    .select('number')
    .where('source_id', '=', sourceId)
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.number;
}

/** How many lines a source has. */
export async function countLines(query: Query, sourceId: string): Promise<number> {
  const row = await query
    .selectFrom('watch_line')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('source_id', '=', sourceId)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Adds a line. */
export async function insertLine(tx: Tx, row: Insertable<Schema['watch_line']>): Promise<void> {
  await tx.insertInto('watch_line').values(row).execute();
}

/** The number of a signer by the hash of its document. */
export async function findSigner(query: Query, hash: string): Promise<number | undefined> {
  const row = await query.selectFrom('watch_signer').select('number').where('hash', '=', hash).executeTakeFirst();
  return row?.number;
}

/** Stores a signer that is not there yet. */
export async function insertSigner(tx: Tx, row: Insertable<Schema['watch_signer']>): Promise<void> {
  await tx.insertInto('watch_signer').values(row).execute();
}

/** Counts one artifact more for a signer of a line. */
export async function countUse(
  tx: Tx,
  { line, signer, at }: { readonly line: number; readonly signer: number; readonly at: number },
): Promise<void> {
  await tx
    .insertInto('watch_signer_use')
    .values({ line, signer, first_at: at, last_at: at, artifacts: 1 })
    .onConflict((conflict) =>
      conflict.columns(['line', 'signer']).doUpdateSet((eb) => ({
        last_at: at,
        artifacts: eb('watch_signer_use.artifacts', '+', 1),
      })),
    )
    .execute();
}

/** Of stored `facts`: a signature in them could not be judged. Inside of a string of JSON the quotes would be escaped. */
export const isUnverifiable = sql<boolean>`facts.document like '%"outcome":"unverifiable"%'`;
