/** What must be true of the books of a certificate authority at any moment, whatever was cut short. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import type { AuditAction } from '../../../src/audit/actions.ts';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { type DerivedColumns, deriveColumns } from '../../../src/pki/records/certificate-row.ts';
import type { Database } from '../../../src/storage/database.ts';
import { damageOf, joinSiege } from './place.ts';

/** What a process does. */
export const acts = ['issued', 'revoked', 'told', 'repaired'] as const;

/** One of them. */
export type Act = (typeof acts)[number];

/** What the processes said was done. */
export type Acknowledged = Readonly<Record<Act, Set<string>>>;

const damaged = 'common_name not_after';

/** What is wrong after a kill: a row without its act, an act without its row, half a repair, an event without either. */
export async function judge(database: Database, acknowledged: Acknowledged): Promise<readonly string[]> {
  await verifyAuditChain(database);
  return [
    ...(await judgeCertificates(database, acknowledged)),
    ...(await judgeNotices(database)),
    ...(await judgeNumbers(database)),
  ];
}

/** What is wrong once the next process has repaired what there is to repair, and published what is behind. */
export async function judgeMended(database: Database): Promise<readonly string[]> {
  const { repair, parts } = await joinSiege(database);
  await repair(true);
  await parts.publisher.refresh();
  const { findings } = await repair(false);
  await parts.stop();
  return findings.map((finding) => `after a repair there is still ${JSON.stringify(finding)}`);
}

async function judgeCertificates(database: Database, { issued, revoked }: Acknowledged): Promise<readonly string[]> {
  const rows = await database.query.selectFrom('certificate').selectAll().execute();
  const damages = await damageOf(database.query).selectFrom('siege_damage').selectAll().execute();
  const [made, repaired, ended] = await Promise.all([
    countRows(database, 'certificate.issued'),
    countRows(database, 'certificate.repaired'),
    countRows(database, 'certificate.revoked'),
  ]);
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  const times = new Map(damages.map(({ certificate_id: id, count }) => [id, count]));
  const findings: string[] = [];
  for (const row of rows) {
    const derived = deriveColumns(parseCertificate(parseBase64(row.der)));
    const names = Object.keys(derived) as (keyof DerivedColumns)[];
    const differing = names.filter((name) => derived[name] !== row[name]).sort();
    if (differing.length > 0 && differing.join(' ') !== damaged)
      findings.push(`${row.id} is half repaired: ${differing}`);
    const repairs = (times.get(row.id) ?? 0) - (differing.length > 0 ? 1 : 0);
    const audited = repaired.get(row.id) ?? 0;
    if (audited !== repairs) findings.push(`${row.id} was repaired ${repairs} times, and audited ${audited} times`);
    if (row.state === 'revoked' && ended.get(row.id) !== 1) findings.push(`${row.id} is revoked without one row of it`);
  }
  for (const id of issued) if (!states.has(id)) findings.push(`${id} was handed out, and is not there`);
  for (const id of revoked)
    if (states.get(id) !== 'revoked') findings.push(`${id} was revoked, and is ${states.get(id)}`);
  for (const [id, count] of made)
    if (!states.has(id) || count !== 1) findings.push(`${id} has ${count} rows of its issue`);
  return findings;
}

async function countRows({ query }: Database, action: AuditAction): Promise<ReadonlyMap<string, number>> {
  const rows = await query.selectFrom('audit_event').select('object_id').where('action', '=', action).execute();
  return new Map([...Map.groupBy(rows, ({ object_id: id }) => id)].map(([id, same]) => [id, same.length]));
}

/** Each notice is in the audit log and among the events, once each. */
async function judgeNotices({ query }: Database): Promise<readonly string[]> {
  const action = 'revocation_list.expiring';
  const told = await query
    .selectFrom('audit_event')
    .select(['object_id', 'detail'])
    .where('action', '=', action)
    .execute();
  const events = await query.selectFrom('outbox').select('payload').where('topic', '=', action).execute();
  const facts = ({ authority, number, days }: Record<string, unknown>) => `${authority} ${number} ${days}`;
  const audited = told.map(({ detail }) => facts(JSON.parse(detail ?? '{}')));
  const sent = events.map(({ payload }) => facts(JSON.parse(payload)));
  const [inLog, onBus] = [new Set(audited), new Set(sent)];
  return [
    ...(inLog.size === audited.length ? [] : ['a notice stands twice in the audit log']),
    ...(onBus.size === sent.length ? [] : ['a notice stands twice among the events']),
    ...[...inLog].filter((notice) => !onBus.has(notice)).map((notice) => `${notice} is audited and no event`),
    ...[...onBus].filter((notice) => !inLog.has(notice)).map((notice) => `${notice} is an event and not audited`),
  ];
}

/** A number that was published is given: the next list has a higher one. */
async function judgeNumbers({ query }: Database): Promise<readonly string[]> {
  const lists = await query.selectFrom('revocation_list').select(['authority_id', 'number']).execute();
  const states = await query.selectFrom('revocation_state').select(['authority_id', 'number']).execute();
  const given = new Map(states.map(({ authority_id: id, number }) => [id, number]));
  return lists
    .filter(({ authority_id: id, number }) => number > (given.get(id) ?? 0))
    .map(({ authority_id: id, number }) => `${id} published ${number}, and gave ${given.get(id)}`);
}
