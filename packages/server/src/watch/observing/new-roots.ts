/** What could not be judged by the roots that there were is looked at again, and soon, when others are there. */
import { systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { WatchParts } from '../parts.ts';
import { hasten, insertRequest, listUnverifiable } from './store.ts';

/** Of one source; the others wait for the looks that are due. */
const maxContents = 1000;

/** Asks for a look at all that an organisation could not verify, in its sources one after the other. Returns how much that is. */
export async function requestUnverifiable({ database, now }: WatchParts, organisationId: string): Promise<number> {
  const bySource = new Map<string, string[]>();
  for (const { source_id, content } of await listUnverifiable(database.query, organisationId)) {
    bySource.set(source_id, [...(bySource.get(source_id) ?? []), content].slice(0, maxContents));
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
