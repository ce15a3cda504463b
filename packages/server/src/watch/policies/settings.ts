/** What an organisation asks of everybody who decides, in versions: the last one is in force. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { WatchParts } from '../parts.ts';
import { isSecondPerson } from './second-person.ts';
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

/** The settings in force, and whether those that were asked for wait for a second person. */
export interface ChangedSettings extends WatchSettings {
  readonly awaitsSecondPerson: boolean;
}

/** Puts settings in force; what lets one person decide again waits for a second one. Throws as `isSecondPerson` does. */
export async function changeSettings(
  { database, now }: WatchParts,
  caller: Caller,
  settings: WatchSettings,
): Promise<ChangedSettings> {
  const { organisationId, actor } = caller;
  return database.transaction(async (tx) => {
    const at = now();
    const before = await readSettings(tx, organisationId);
    const inForce = (await findLatestPolicy(tx, { organisationId, selector }))?.version ?? 0;
    const document = encodePlain(settings);
    const isEasing = before.twoPeople && !settings.twoPeople;
    if (isEasing && !(await isSecondPerson(tx, caller, { selector, version: inForce, document, at }))) {
      return { ...before, awaitsSecondPerson: true };
    }
    const version = inForce + 1;
    await insertPolicy(tx, {
      ...{ id: createId(at), organisation_id: organisationId, selector, version, document },
      ...{ author: JSON.stringify(actor), created_at: at },
    });
    const object = { kind: 'watch_policy', id: selector };
    const detail = { version, two_people: settings.twoPeople };
    await recordAudit(tx, at, { ...caller, action: 'watch_settings.changed', object, detail });
    return { ...settings, awaitsSecondPerson: false };
  });
}
