/** What an organisation asks of everybody who decides, in versions: the last one is in force. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { WatchParts } from '../parts.ts';
import { findLatestPolicy, insertPolicy } from './store.ts';

/** The settings. */
export interface WatchSettings {
  /** What is critical is accepted by two people, or by nobody. */
  readonly twoPeople: boolean;
}

/** Every source is meant. */
const selector = '**';

/** The settings in force. */
export async function readSettings(query: Query, organisationId: string): Promise<WatchSettings> {
  const row = await findLatestPolicy(query, { organisationId, selector });
  return row?.document ? (JSON.parse(row.document) as WatchSettings) : { twoPeople: false };
}

/** Whether two people must accept what is critical. */
export async function needsTwoPeople(query: Query, organisationId: string): Promise<boolean> {
  return (await readSettings(query, organisationId)).twoPeople;
}

/** Puts settings in force. */
export async function changeSettings(
  { database, now }: WatchParts,
  caller: Caller,
  settings: WatchSettings,
): Promise<void> {
  const { organisationId, actor } = caller;
  await database.transaction(async (tx) => {
    const at = now();
    const version = ((await findLatestPolicy(tx, { organisationId, selector }))?.version ?? 0) + 1;
    await insertPolicy(tx, {
      ...{ id: createId(at), organisation_id: organisationId, selector, version, document: encodePlain(settings) },
      ...{ author: JSON.stringify(actor), created_at: at },
    });
    const object = { kind: 'watch_policy', id: selector };
    const detail = { version, two_people: settings.twoPeople };
    await recordAudit(tx, at, { ...caller, action: 'watch_settings.changed', object, detail });
  });
}
