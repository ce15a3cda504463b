/** What no single look tells: many sources that change at once, roots that ran out, excuses that ended, and a chain that was tampered with. */
import type { AuditEntry } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { lightOf } from '../../evidence/trust-roots/light.ts';
import { listTrustRoots } from '../../evidence/trust-roots/store.ts';
import type { DriftKind } from '../drift/kinds.ts';
import {
  describeFinding,
  type FindingAct,
  type FindingPlace,
  fingerprintOf,
  raiseFindings,
  tell,
} from '../findings/raise.ts';
import { resolveFinding } from '../findings/resolve.ts';
import { findByFingerprint, type PlacedFinding, updateFinding } from '../findings/store.ts';
import { verifyObservations } from '../observations/chain.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { countAnswered, isStillShown, listExpired, listUndecided, listWatching } from './store.ts';

/** Findings that a change of roots or of a registry's keys makes, and not the source. */
const massKinds: readonly DriftKind[] = [
  'signature.unverifiable',
  'provenance.unverifiable',
  'registry.signature_lost',
];
/** So many sources, and so many in a hundred of those that answered, are no coincidence. */
const leastSources = 5;
const leastShare = 20;
/** A pass: within this every source is looked at once. */
const passMs = 24 * 3_600_000;

/** Puts the findings of many sources that cannot be verified any more under one, and takes them apart again when that is over. */
export async function collapseMassEvents({ database, now }: WatchParts): Promise<void> {
  for (const organisationId of await listWatching(database.query)) {
    await database.transaction(async (tx) => {
      const at = now();
      const since = at - passMs;
      const findings = await listUndecided(tx, { organisationId, kinds: massKinds, since });
      const sources = new Set(findings.map(({ source_id }) => source_id)).size;
      const answered = await countAnswered(tx, organisationId, since);
      const isMass = sources >= leastSources && 100 * sources >= leastShare * answered;
      const place = { organisationId, at };
      const entries = isMass ? await collapse(tx, place, { findings, sources }) : await takeApart(tx, place, findings);
      if (entries.length > 0) await recordAudits(tx, at, entries);
    });
  }
}

async function collapse(
  tx: Tx,
  place: FindingPlace,
  { findings, sources }: { readonly findings: readonly PlacedFinding[]; readonly sources: number },
): Promise<readonly AuditEntry[]> {
  const open = findings.filter(({ state }) => state === 'open');
  if (open.length === 0) return [];
  const sentence = `${sources} sources cannot be verified any more, all at once`;
  const mass = describeFinding('system.mass_unverifiable', { subject: place.organisationId, sentence });
  const entries = [...(await raiseFindings(tx, place, { findings: [mass], excused: [] }))];
  for (const row of open)
    entries.push(await move(tx, place, { row, state: 'collapsed', act: 'collapsed', note: sentence }));
  return entries;
}

/** Those that remain are findings of their own again. */
async function takeApart(
  tx: Tx,
  place: FindingPlace,
  findings: readonly PlacedFinding[],
): Promise<readonly AuditEntry[]> {
  const fingerprint = fingerprintOf('system.mass_unverifiable', place.organisationId);
  const entries = [...(await resolveFinding(tx, place, fingerprint))];
  for (const row of findings.filter(({ state }) => state === 'collapsed')) {
    entries.push(await move(tx, place, { row, state: 'open', act: 'reopened', note: 'few other sources show it' }));
  }
  return entries;
}

interface Move {
  readonly row: PlacedFinding;
  readonly state: PlacedFinding['state'];
  readonly act: FindingAct['act'];
  readonly note: string;
}

async function move(
  tx: Tx,
  { organisationId, at }: FindingPlace,
  { row, state, act, note }: Move,
): Promise<AuditEntry> {
  const isMoved = await updateFinding(tx, row, { state, expires_at: null, proposal: null });
  if (!isMoved) throw new Error('expected the finding to stand still');
  const source =
    row.source_id !== null && row.source_key !== null ? { id: row.source_id, key: row.source_key } : undefined;
  const line = row.line !== null && row.line_name !== null ? { number: row.line, name: row.line_name } : undefined;
  return tell(tx, { organisationId, source, line, at }, { row: { ...row, state }, act, note });
}

/** At once; the next round takes the rest. */
const maxExpired = 100;

/** Opens findings again whose acceptance has ended, where they still show; the others are over. */
export async function endAcceptances({ database, now }: WatchParts): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const entries: AuditEntry[] = [];
    for (const row of await listExpired(tx, at, maxExpired)) {
      const isShown = row.line === null || (await isStillShown(tx, row.id, row.line));
      const note = isShown ? 'the acceptance has ended' : 'the acceptance has ended, and what came after is as before';
      const to = isShown
        ? ({ state: 'open', act: 'expired' } as const)
        : ({ state: 'resolved', act: 'resolved' } as const);
      entries.push(await move(tx, { organisationId: row.organisation_id, at }, { row, note, ...to }));
    }
    if (entries.length > 0) await recordAudits(tx, at, entries);
  });
}

/** Tells of trusted roots that nothing can be judged by any more, and when they are current again. */
export async function tellStaleRoots({ database, now }: WatchParts): Promise<void> {
  for (const organisationId of await listWatching(database.query)) {
    const roots = await listTrustRoots(database.query, organisationId);
    await database.transaction(async (tx) => {
      const at = now();
      const place: FindingPlace = { organisationId, at };
      const entries: AuditEntry[] = [];
      for (const row of roots) {
        const { light, reason } = lightOf(row, at);
        const subject = `${organisationId} ${row.name}`;
        const known = await findByFingerprint(tx, { organisationId, fingerprint: fingerprintOf(staleKind, subject) });
        const sentence = `the trusted root ${row.name} shows red: ${reason}`;
        if (light !== 'red') entries.push(...(await resolveFinding(tx, place, fingerprintOf(staleKind, subject))));
        else if (!known || known.state === 'resolved' || known.state === 'accepted') {
          const finding = describeFinding(staleKind, { subject, sentence });
          entries.push(...(await raiseFindings(tx, place, { findings: [finding], excused: [] })));
        }
      }
      if (entries.length > 0) await recordAudits(tx, at, entries);
    });
  }
}

const staleKind: DriftKind = 'system.trust_root_stale';

/** Recomputes the chain of each organisation that watches, and tells of one that was tampered with. */
export async function checkChains({ database, now }: WatchParts): Promise<void> {
  for (const organisationId of await listWatching(database.query)) {
    const broken = await verifyObservations(database, organisationId).then(() => undefined, readBreak);
    if (broken === undefined) continue;
    await database.transaction(async (tx) => {
      const at = now();
      const finding = describeFinding('baseline.tampered', { subject: organisationId, sentence: broken });
      await recordAudits(tx, at, await raiseFindings(tx, { organisationId, at }, { findings: [finding], excused: [] }));
    });
  }
}

function readBreak(error: unknown): string {
  if (error instanceof Refusal && error.rule === 'watch-chain-broken') return error.message;
  throw error;
}
