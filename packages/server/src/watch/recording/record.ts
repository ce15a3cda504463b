/** The one door for what readers see: sightings, baseline, findings and events, all in one transaction. */
import type { AuditEntry } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { emptyRevision } from '../baseline/revision.ts';
import { classify, type Finding } from '../drift/classify.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { describeFinding, type FindingPlace, raiseFindings } from '../findings/raise.ts';
import { creditLine, resolveRestored } from '../findings/resolve.ts';
import { isAtLeast } from '../findings/severity.ts';
import { readBaseline } from '../learning/baseline.ts';
import {
  type ChainRow,
  countArtifacts,
  countLines,
  findChain,
  findLine,
  insertChain,
  insertLine,
  listTrustFacts,
  moveChain,
  readLastSequence,
  takeNumber,
} from '../observations/store.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { readRules, readSource } from '../sources/source.ts';
import type { SourceRow } from '../sources/store.ts';
import { noteAnswer } from './blindness.ts';
import { compareMirrors } from './mirrors.ts';
import { measurePace, measureSigned } from './pace.ts';
import { addSighting, assertObserved, type ChainEnd, type ObservedArtifact, type Sighted } from './sighting.ts';
import { listRunningContents } from './store.ts';
import { type Lesson, type Taught, teachLine } from './teach.ts';

/** What a reader saw of a source at one time. */
export interface Observation {
  readonly organisationId: string;
  readonly sourceId: string;
  readonly artifacts: readonly ObservedArtifact[];
}

/** What came of it. */
export interface Recorded {
  /** How many sightings were added. */
  readonly sightings: number;
  /** Findings of the artifacts, by content in hex; what was excused or known before is among them. */
  readonly findings: ReadonlyMap<string, readonly Finding[]>;
}

/** Artifacts in one transaction. */
export const maxArtifacts = 100;
const maxLines = 200;
const maxArtifactsPerLine = 50_000;

/**
 * Records what was seen; all of it or, after a crash, nothing. Throws `not_found` for a source that is not watched, `invalid` and
 * `too_large` for what no reader may hand in.
 */
export async function record({ database, now }: WatchParts, observation: Observation): Promise<Recorded> {
  const { organisationId, sourceId, artifacts } = observation;
  if (artifacts.length > maxArtifacts) throw new Refusal('too_large', `expected at most ${maxArtifacts} artifacts`);
  for (const artifact of artifacts) assertObserved(artifact);
  return database.transaction(async (tx) => {
    const source = await readSource(tx, organisationId, sourceId);
    const chain = (await findChain(tx, organisationId)) ?? (await insertChain(tx, organisationId));
    // No two transactions have one time, so that those of one can be told apart for ever; a clock that goes back is waited for.
    const at = Math.max(now(), chain.last_at + 1);
    const before = await readLastSequence(tx);
    const end: ChainEnd = { chain: chain.number, hash: chain.hash, sequence: before, count: chain.observations };
    const { sighted, entries: refused } = await addSightings(tx, { source, end, at }, artifacts);
    const { findings, entries } = await judgeLines(tx, {
      source,
      sighted,
      sequences: { before, last: end.sequence },
      at,
    });
    const seen = await noteAnswer(tx, { source, facts: artifacts.map(({ facts }) => facts), at });
    await closeChain(tx, chain, { end, at });
    await recordEntries(tx, at, [...refused, ...entries, ...seen]);
    return { sightings: sighted.length, findings };
  });
}

async function closeChain(tx: Tx, chain: ChainRow, { end, at }: { readonly end: ChainEnd; readonly at: number }) {
  const isMoved = await moveChain(tx, chain, { observations: end.count, last_at: at, hash: end.hash });
  if (!isMoved) throw new Error('expected the chain of observations to stand still');
}

/** The audit log takes so many at once. */
const maxEntries = 500;

async function recordEntries(tx: Tx, at: number, entries: readonly AuditEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += maxEntries) {
    await recordAudits(tx, at, entries.slice(from, from + maxEntries));
  }
}

interface Adding {
  readonly source: SourceRow;
  readonly end: ChainEnd;
  readonly at: number;
}

/** Adds what there is room for. What is over a limit is left out and told; nothing is given up for it. */
async function addSightings(tx: Tx, { source, end, at }: Adding, artifacts: readonly ObservedArtifact[]) {
  const sighted: Sighted[] = [];
  const running = await listRunningContents(tx, source.id);
  let isOver = false;
  for (const observed of artifacts) {
    const line = await openLine(tx, source.id, { name: observed.line, at });
    if (line === undefined) isOver = true;
    else sighted.push(await addSighting(tx, { sourceId: source.id, line, end, at, running }, observed));
  }
  const sentence = `${source.key} has more lines or artifacts than are kept`;
  const findings = isOver ? [describeFinding('baseline.quota', { subject: source.key, sentence })] : [];
  return { sighted, entries: await raiseFindings(tx, placeOf(source, at), { findings, excused: [] }) };
}

async function openLine(
  tx: Tx,
  sourceId: string,
  { name, at }: { readonly name: string; readonly at: number },
): Promise<number | undefined> {
  const known = await findLine(tx, sourceId, name);
  if (known !== undefined) return (await countArtifacts(tx, known)) < maxArtifactsPerLine ? known : undefined;
  if ((await countLines(tx, sourceId)) >= maxLines) return undefined;
  const number = await takeNumber(tx, 'watch_line');
  await insertLine(tx, { number, source_id: sourceId, name, created_at: at });
  return number;
}

interface Judging {
  readonly source: SourceRow;
  readonly sighted: readonly Sighted[];
  readonly sequences: { readonly before: number; readonly last: number };
  readonly at: number;
}

async function judgeLines(tx: Tx, { source, sighted, sequences, at }: Judging) {
  const findings = new Map<string, readonly Finding[]>();
  const entries: AuditEntry[] = [];
  for (const line of new Set(sighted.map((one) => one.line))) {
    const own = sighted.filter((one) => one.line === line);
    const name = own[0]?.observed.line ?? '';
    const taught = await teach(tx, source, {
      ...{ organisationId: source.organisation_id, source, line: { number: line, name }, sequences, at },
      settings: { rules: readRules(source), declaredRepository: source.declared_repository ?? undefined },
      facts: own.map(({ observed }) => observed.facts),
    });
    entries.push(...taught.entries);
    for (const one of own) {
      const found = await judge(tx, { source, taught, at }, one);
      const place = { ...placeOf(source, at), line: { number: line, name }, artifact: one.row };
      findings.set(one.row.content, found);
      // Of what was rejected everything has been said.
      if (one.row.quarantined_at === null) {
        entries.push(...(await raiseFindings(tx, place, { findings: found, excused: taught.inForce.excused })));
      }
      const isGood = one.isNew && !found.some(({ severity }) => isAtLeast(severity, 'medium'));
      if (isGood) entries.push(...(await creditLine(tx, place)));
      if (!one.isNew && one.observed.facts.signatures !== 'unknown') {
        const shown = new Set(found.map(({ fingerprint }) => fingerprint));
        entries.push(...(await resolveRestored(tx, place, { artifact: one.row.number, shown })));
      }
    }
  }
  return { findings, entries };
}

/** A mirror learns nothing: it is judged by what is accepted of the source that it is a mirror of. */
async function teach(tx: Tx, { mirror_of }: SourceRow, lesson: Lesson): Promise<Taught> {
  if (mirror_of === null) return teachLine(tx, lesson);
  const line = await findLine(tx, mirror_of, lesson.line.name);
  const stored = line === undefined ? undefined : await readBaseline(tx, line);
  return { inForce: stored?.revision ?? emptyRevision, entries: [] };
}

/** A line of which nothing is known yet has nothing to differ from. */
async function judge(
  tx: Tx,
  { source, taught, at }: { readonly source: SourceRow; readonly taught: Taught; readonly at: number },
  { line, row, observed, history }: Sighted,
): Promise<readonly Finding[]> {
  const { inForce: revision } = taught;
  if (revision.state === 'cold') return [];
  const coverage = revision.signed === 'sometimes' ? await measureSigned(tx, line) : undefined;
  const hourly = await measurePace(tx, { sourceId: source.id, at });
  return classify({
    ...{ revision, facts: observed.facts satisfies FactSet },
    place: {
      ...{ source: source.key, line: observed.line },
      ...{ isInUse: row.in_use === 1, isDevelopment: source.is_development === 1 },
    },
    history: {
      ...history,
      ...(taught.vouched && { vouched: taught.vouched }),
      mirrors: await compareMirrors(tx, { source, observed, at }),
      ...(observed.facts.trust && { trustVersion: await findTrustVersion(tx, source.id) }),
      ...(coverage && { coverage }),
      ...(hourly && { hourly }),
    },
  });
}

/** Fact sets that are looked back at: each change of a list makes one. */
const maxTrustFacts = 500;

async function findTrustVersion(tx: Tx, sourceId: string): Promise<number> {
  const documents = await listTrustFacts(tx, sourceId, maxTrustFacts);
  return Math.max(0, ...documents.map((document) => (JSON.parse(document) as FactSet).trust?.version ?? 0));
}

function placeOf({ id, key, organisation_id: organisationId }: SourceRow, at: number): FindingPlace {
  return { organisationId, source: { id, key }, at };
}
