/** One name that stays unreadable beside others that can be read is told by itself: there, too, nobody sees what happens. */
import type { AuditEntry } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { describeFinding, type FindingPlace, fingerprintOf, raiseFindings } from '../findings/raise.ts';
import { resolveFinding } from '../findings/resolve.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { readSource } from '../sources/source.ts';
import type { SourceRow } from '../sources/store.ts';
import { weighBlindness } from './blindness.ts';
import { deleteUnreadName, findSchedule, insertUnreadName, listUnreadNames } from './store.ts';

/** What a look at a source that answers found of its names. */
interface NotedNames {
  readonly organisationId: string;
  readonly sourceId: string;
  /** Names that were looked at, with the reason why they could not be read; undefined: they could. */
  readonly seen: ReadonlyMap<string, string | undefined>;
  /** All names that there are; undefined: there may be more. */
  readonly listed: ReadonlySet<string> | undefined;
}

/** Names of one source whose time is kept: whatever is beyond is counted with them, and told with them. */
const maxNames = 1000;
/** More are one finding. */
const maxTold = 10;

/** Records which names could not be read, and tells of those for which that lasts. Throws `not_found` for a source that is not watched. */
export async function recordNames({ database, now }: WatchParts, noted: NotedNames): Promise<void> {
  const { organisationId, sourceId, seen } = noted;
  const isRead = [...seen.values()].every((reason) => reason === undefined);
  if (isRead && (await listUnreadNames(database.query, sourceId)).length === 0) return;
  await database.transaction(async (tx) => {
    const source = await readSource(tx, organisationId, sourceId);
    const place = { organisationId, source, at: now() };
    const entries = [...(await forget(tx, place, noted))];
    await note(tx, place, noted);
    entries.push(...(await tellLasting(tx, place)));
    if (entries.length > 0) await recordAudits(tx, place.at, entries);
  });
}

interface NamedPlace extends FindingPlace {
  readonly source: SourceRow;
}

async function forget(tx: Tx, place: NamedPlace, { seen, listed }: NotedNames): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (const { source_id, name } of await listUnreadNames(tx, place.source.id)) {
    const isOver = seen.has(name) ? seen.get(name) === undefined : listed !== undefined && !listed.has(name);
    if (!isOver) continue;
    await deleteUnreadName(tx, source_id, name);
    entries.push(...(await resolveFinding(tx, place, fingerprintOf('observation.blind', subjectOf(place, name)))));
  }
  return entries;
}

async function note(tx: Tx, place: NamedPlace, { sourceId, seen }: NotedNames): Promise<void> {
  const known = new Set((await listUnreadNames(tx, sourceId)).map(({ name }) => name));
  for (const [name, reason] of seen) {
    if (reason === undefined || known.has(name) || known.size >= maxNames) continue;
    known.add(name);
    await insertUnreadName(tx, { source_id: sourceId, name, since: place.at, reason });
  }
}

/** While nothing of the source can be read, that is told, and not of each name. */
async function tellLasting(tx: Tx, place: NamedPlace): Promise<readonly AuditEntry[]> {
  const { source, at } = place;
  const schedule = await findSchedule(tx, source.id);
  if (!schedule || schedule.unknown_since !== null) return [];
  const lasting = (await listUnreadNames(tx, schedule.source_id)).flatMap((row) => {
    const severity = weighBlindness(at - row.since, schedule.interval_ms);
    return severity ? [{ ...row, severity }] : [];
  });
  const many = `the names of ${source.key}`;
  const [longest] = lasting;
  if (!longest || lasting.length <= maxTold) {
    const findings = lasting.map(({ name, since, reason, severity }) => {
      const sentence = `${name} could not be read since ${new Date(since).toISOString()}, while others can: ${reason}`;
      return describeFinding('observation.blind', { subject: subjectOf(place, name), sentence, severity });
    });
    const resolved = await resolveFinding(tx, place, fingerprintOf('observation.blind', many));
    return [...resolved, ...(await raiseFindings(tx, place, { findings, excused: [] }))];
  }
  const sentence = `${lasting.length} names cannot be read while others can, ${longest.name} for longest: ${longest.reason}`;
  const finding = describeFinding('observation.blind', { subject: many, sentence, severity: longest.severity });
  return raiseFindings(tx, place, { findings: [finding], excused: [] });
}

function subjectOf({ source }: NamedPlace, name: string): string {
  return `${source.key} ${name}`;
}
