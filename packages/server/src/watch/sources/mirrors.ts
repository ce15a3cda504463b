/** Mirrors: several places that hold the same, judged by one baseline; where they differ, that is told. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { WatchParts } from '../parts.ts';
import { needsTwoFor } from '../policies/two-people.ts';
import { readSource } from './source.ts';
import { listGroup, type SourceRow, setMirror } from './store.ts';

/**
 * Makes a source a mirror of another one, whose baseline then is its own; or with null a source by itself again, which learns anew. Throws
 * `not_found`, `conflict`, rule `watch-mirror`, for mirrors of mirrors, and `forbidden` where two people accept signers.
 */
export async function changeMirror(
  { database, now }: WatchParts,
  caller: Caller,
  { sourceId, of }: { readonly sourceId: string; readonly of: string | null },
): Promise<SourceRow> {
  const { organisationId } = caller;
  return database.transaction(async (tx) => {
    const at = now();
    const source = await readSource(tx, organisationId, sourceId);
    const main = of === null ? undefined : await readSource(tx, organisationId, of);
    const isLoop = main !== undefined && (main.id === source.id || main.mirror_of !== null);
    if (isLoop || (main !== undefined && (await listGroup(tx, source.id)).length > 1)) {
      throw new Refusal('conflict', 'expected a source that is no mirror, and one that has none', {
        rule: 'watch-mirror',
      });
    }
    if (main !== undefined && (await needsTwoFor(tx, organisationId, source.key))) {
      throw new Refusal('forbidden', 'expected a source for whose signers one person may speak', {
        rule: 'watch-two-people',
        hint: 'the baseline of the other source would count for it: let two people accept its signers',
      });
    }
    await setMirror(tx, source.id, of);
    const detail = { source: source.key, of: main?.key ?? null };
    await recordEvent(tx, { id: createId(at), organisationId, topic: 'watch.source.mirrored', payload: detail, at });
    const object = { kind: 'watch_source', id: source.id };
    await recordAudit(tx, at, { ...caller, action: 'watch_source.mirrored', object, detail });
    return { ...source, mirror_of: of };
  });
}

/** The other places of the same: the source that a mirror is of, and its other mirrors. */
export async function listSiblings(query: Query, { id, mirror_of }: SourceRow): Promise<readonly SourceRow[]> {
  const home = mirror_of ?? id;
  const group = await listGroup(query, home);
  return group.filter((one) => one.id !== id);
}
