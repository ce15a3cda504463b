/** Sources that an organisation watches. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { LearningRules } from '../learning/rules.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { parseSourceReference } from './source-key.ts';
import { countSources, findSource, findSourceByKey, insertSource, type SourceRow, setRemoved } from './store.ts';

/** What is asked to be watched. */
export interface SourceRequest {
  /** As people write it. */
  readonly reference: string;
  readonly rules: LearningRules;
  /** URL of the repository that the source names as its own. */
  readonly declaredRepository?: string | undefined;
  /** What it gives is used while developing only. */
  readonly isDevelopment: boolean;
}

/** Sources of one organisation. More are refused; what is watched is never given up for something new. */
const maxSources = 100_000;
/** Between two looks, until the source itself shows how often it changes. */
const firstIntervalMs = 15 * 60_000;

/**
 * Begins to watch a source. One that was watched before goes on where it stood, with everybody who was turned away. Throws `invalid` for a
 * malformed reference, and `conflict` for what is watched already (`watch-source`) or when there are too many (`watch-quota`).
 */
export async function addSource(
  { database, now }: WatchParts,
  caller: Caller,
  request: SourceRequest,
): Promise<SourceRow> {
  const { key, ecosystem } = parseSourceReference(request.reference);
  const { organisationId, actor } = caller;
  return database.transaction(async (tx) => {
    const at = now();
    const known = await findSourceByKey(tx, { organisationId, key });
    if (known && known.removed_at === null) {
      throw new Refusal('conflict', `${key} is watched already`, { rule: 'watch-source' });
    }
    await assertRoom(tx, organisationId);
    const row: SourceRow = known
      ? { ...known, removed_at: null }
      : {
          ...{ id: createId(at), organisation_id: organisationId, key, ecosystem, mirror_of: null, removed_at: null },
          ...{ declared_repository: request.declaredRepository ?? null, learning: encodePlain(request.rules) },
          ...{ is_development: request.isDevelopment ? 1 : 0, author: JSON.stringify(actor), created_at: at },
        };
    if (known) await setRemoved(tx, known.id, null, at);
    else await insertSource(tx, row, firstIntervalMs);
    await tellSource(tx, caller, { row, act: 'added', at });
    return row;
  });
}

/** Stops watching a source. What was seen and decided stays. Throws `not_found`. */
export async function removeSource({ database, now }: WatchParts, caller: Caller, id: string): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const row = await readSource(tx, caller.organisationId, id);
    await setRemoved(tx, id, at);
    await tellSource(tx, caller, { row, act: 'removed', at });
  });
}

/** A source that is watched. Throws `not_found`. */
export async function readSource(
  query: Parameters<typeof findSource>[0],
  organisationId: string,
  id: string,
): Promise<SourceRow> {
  const row = await findSource(query, { organisationId, id });
  if (!row) throw new Refusal('not_found', 'no such source is watched');
  return row;
}

/** The rules by which a source is learned. */
export function readRules({ learning }: Pick<SourceRow, 'learning'>): LearningRules {
  return JSON.parse(learning) as LearningRules;
}

async function assertRoom(tx: Tx, organisationId: string): Promise<void> {
  if ((await countSources(tx, organisationId)) < maxSources) return;
  throw new Refusal('conflict', `expected at most ${maxSources} sources`, {
    rule: 'watch-quota',
    hint: 'remove sources that nobody depends on any more',
  });
}

async function tellSource(
  tx: Tx,
  caller: Caller,
  { row, act, at }: { readonly row: SourceRow; readonly act: 'added' | 'removed'; readonly at: number },
): Promise<void> {
  const payload = { source: row.key };
  const { organisationId } = caller;
  await recordEvent(tx, { id: createId(at), organisationId, topic: `watch.source.${act}`, payload, at });
  const object = { kind: 'watch_source', id: row.id };
  await recordAudit(tx, at, { ...caller, action: `watch_source.${act}`, object, detail: payload });
}
