/** What could not be judged by the roots that there were is looked at again, and soon, when others are there. */
import { systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { WatchParts } from '../parts.ts';
import { hasten, insertRequest, listUnverifiable } from './store.ts';

/** Of one source; the others wait for the looks that are due. */
const maxContents = 1000;
/** Of an organisation: they are held in memory, and a look at each costs requests. */
const usualLimit = 20_000;

/** Asks for a look at all that an organisation could not verify, in its sources one after the other. Returns how much that is. */
export async function requestUnverifiable(
  { database, now }: WatchParts,
  organisationId: string,
  limit: number = usualLimit,
): Promise<number> {
  const bySource = new Map<string, string[]>();
  for (const { source_id, content } of await listUnverifiable(database.query, { organisationId, limit })) {
    const contents = bySource.get(source_id) ?? [];
    if (contents.length < maxContents) contents.push(content);
    bySource.set(source_id, contents);
  }
  for (const [sourceId, contents] of bySource) {
    await database.transaction(async (tx) => {
      const at = now();
      for (const content of contents) await insertRequest(tx, { sourceId, label: '', content, now: at });
      await hasten(tx, sourceId, at);
      await recordAudit(tx, at, {
        ...{ organisationId, actor: systemActor, action: 'watch_source.asked' },
        object: { kind: 'watch_source', id: sourceId },
        detail: { references: 'what could not be verified before', count: contents.length },
      });
    });
  }
  return [...bySource.values()].flat().length;
}
