/** The verdict on a reference: from what was seen and decided, and from nothing that the one who asks says. */
import type { BaseLogger } from 'pino';
import type { Query } from '../../storage/database.ts';
import { emptyRevision, type Revision, type SignerState } from '../baseline/revision.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { type FindingRow, findFrozenSince } from '../findings/store.ts';
import { parseDecisionRow, readBaseline, type StoredRevision } from '../learning/baseline.ts';
import { applyDecision } from '../learning/decision.ts';
import { listDecisions } from '../learning/store.ts';
import { findTag, findVersion } from '../observations/store.ts';
import type { WatchParts } from '../parts.ts';
import type { PolicyRule } from '../policies/document.ts';
import { readPolicy, selectRule } from '../policies/policy.ts';
import { findSchedule } from '../recording/store.ts';
import { lineOf } from '../sources/line.ts';
import { parseSourceReference, type SourceReference } from '../sources/source-key.ts';
import { findSourceByKey, type SourceRow } from '../sources/store.ts';
import {
  conclude,
  type GateArtifact,
  isDriftKind,
  type Judgement,
  judgeArtifact,
  type Reason,
  type StoredFinding,
} from './judge.ts';
import {
  findHeldFacts,
  isQuarantined,
  listByContent,
  listLinesByAge,
  listShown,
  listSystemKinds,
  noteUse,
  type PlacedArtifact,
} from './store.ts';

/** What is asked. */
export interface VerdictRequest {
  readonly organisationId: string;
  readonly reference: SourceReference;
  readonly environment: string | undefined;
}

/** What is said. */
export interface GateVerdict extends Judgement {
  readonly key: string;
  /** Hex SHA-256 of what was judged; undefined: nobody knows what the reference leads to. */
  readonly content: string | undefined;
  readonly rule: PolicyRule;
  readonly policy: { readonly version: number; readonly sha256: string };
  /** By which it was judged. */
  readonly revision: { readonly id: string; readonly version: number; readonly line: string } | undefined;
  readonly source: SourceRow | undefined;
  /** The SLSA level that it shows. */
  readonly level: number;
  /** Unix ms. */
  readonly judgedAt: number;
  readonly expiresAt: number;
}

/** The reference as people write it; a digest beside it is what decides. Throws `invalid`. */
export function parseGateReference(reference: string, digest: string | undefined): SourceReference {
  const parsed = parseSourceReference(reference);
  return digest === undefined ? parsed : { ...parsed, digest };
}

/** Judges what a reference leads to. */
export async function readVerdict({ database, now }: WatchParts, request: VerdictRequest): Promise<GateVerdict> {
  const { query } = database;
  const { organisationId, reference, environment } = request;
  const { key } = reference;
  const policy = await readPolicy(query, organisationId);
  const rule = selectRule(policy.document, { key, environment });
  const found = await findSourceByKey(query, { organisationId, key });
  const source = found?.removed_at === null ? found : undefined;
  const at = now();
  const said = source
    ? await judgeSource(query, { source, reference, rule, at })
    : { reasons: [{ code: 'source.unwatched', effect: 'unknown', text: `nobody watches ${key}` } as const] };
  const { version, sha256 } = policy;
  const expiresAt = await readExpiry(query, source, at);
  const nothing = { content: reference.digest?.slice('sha256:'.length), revision: undefined, level: 0 };
  const judged = { ...said, ...conclude(rule, [...judgePin(reference, rule), ...said.reasons]) };
  return { ...nothing, ...judged, key, rule, source, policy: { version, sha256 }, judgedAt: at, expiresAt };
}

const unrecorded: Reason = {
  code: 'watch.unrecorded',
  effect: 'warn',
  text: 'nothing can be written down at the moment: this stands on what was seen before',
};

/**
 * Notes that somebody is about to use it, so that it is looked at more often. Where nothing can be written down, the verdict stands as it is, and says so.
 */
export async function noteAsked(
  { database, now, log }: WatchParts & { readonly log: Pick<BaseLogger, 'warn'> },
  verdict: GateVerdict,
): Promise<GateVerdict> {
  if (!verdict.source) return verdict;
  try {
    await noteUse(database.query, verdict.source.id, now());
    return verdict;
  } catch (err) {
    log.warn({ err, source: verdict.key }, 'a gate answers, and could not write down that it was asked');
    return { ...verdict, ...conclude(verdict.rule, [...verdict.reasons, unrecorded]) };
  }
}

const leastLifeMs = 60_000;
const mostLifeMs = 3_600_000;

/** Until the next look. */
async function readExpiry(query: Query, source: SourceRow | undefined, at: number): Promise<number> {
  const due = source && (await findSchedule(query, source.id))?.due_at;
  return Math.min(Math.max(due ?? 0, at + leastLifeMs), at + mostLifeMs);
}

interface Asked {
  readonly source: SourceRow;
  readonly reference: SourceReference;
  readonly rule: PolicyRule;
  readonly at: number;
}

type Said = Judgement & Partial<Pick<GateVerdict, 'content' | 'revision' | 'level'>>;

async function judgeSource(query: Query, asked: Asked): Promise<Said> {
  const { reference, rule, source } = asked;
  const named = await findNamed(query, source.id, reference.label);
  const content = reference.digest?.slice('sha256:'.length) ?? named;
  if (content === undefined) {
    return conclude(rule, [{ code: 'artifact.unseen', effect: 'unknown', text: 'what it leads to was never seen' }]);
  }
  const artifacts = await listByContent(query, source.id, content);
  if (artifacts.length === 0) {
    const reason: Reason = { code: 'artifact.unseen', effect: 'unknown', text: 'this digest was never seen' };
    return { ...conclude(rule, [reason]), content };
  }
  const common = [...judgeNames(reference, { named, content }), ...(await judgeSystem(query, source))];
  const judged = await judgeLines(query, asked, artifacts);
  return { ...judged, ...conclude(rule, [...common, ...judged.reasons]), content };
}

/** Where our own looks saw the label lead. */
async function findNamed(query: Query, sourceId: string, label: string | undefined): Promise<string | undefined> {
  if (label === undefined) return undefined;
  const named = (await findTag(query, { sourceId, name: label })) ?? (await findVersion(query, sourceId, label));
  return named?.content;
}

/** Whether the digest is named, known or not what it leads to. */
export function judgePin(
  { digest }: Pick<SourceReference, 'digest'>,
  { require: wanted }: PolicyRule,
): readonly Reason[] {
  if (digest !== undefined) return [];
  const text = 'the name may lead elsewhere by the time that it is used: name the digest';
  return [{ code: 'reference.unpinned', effect: wanted.digest ?? 'ok', text }];
}

function judgeNames(
  { label, digest }: SourceReference,
  { named, content }: { readonly named: string | undefined; readonly content: string },
): readonly Reason[] {
  if (digest === undefined) return [];
  if (label === undefined || named === undefined || named === content) return [];
  return [{ code: 'reference.moved', effect: 'warn', text: `${label} leads elsewhere now` }];
}

async function judgeSystem(query: Query, { organisation_id }: SourceRow): Promise<readonly Reason[]> {
  const kinds = await listSystemKinds(query, organisation_id);
  if (!kinds.includes('baseline.tampered')) return [];
  return [{ code: 'baseline.tampered', effect: 'deny', text: 'what the watch remembers was tampered with' }];
}

/** A line and what is accepted of it; one that began later, with those who are known without it. */
interface KnownLine {
  readonly number: number;
  readonly name: string;
  readonly stored: StoredRevision | undefined;
  readonly elders: readonly Revision[];
}

/** By its own lines where the signers of such count, else by the lines whose signers do: a line without protection vouches for nobody. */
async function judgeLines(query: Query, asked: Asked, artifacts: readonly PlacedArtifact[]): Promise<Said> {
  const { source, rule, at } = asked;
  const lines = await readLines(query, asked);
  const isMassEvent = (await listSystemKinds(query, source.organisation_id)).includes('system.mass_unverifiable');
  const judge = async (artifact: PlacedArtifact, line: KnownLine): Promise<Said> => {
    const gate = await describeArtifact(query, asked, { artifact, artifacts });
    const revision = line.stored && withoutEnded(line.stored.revision, at);
    const basis = { source: source.key, line: artifact.line_name, revision, elders: line.elders };
    const judged = judgeArtifact({ rule, basis, artifact: gate, isMassEvent });
    return { ...judged, revision: describeRevision(line), level: levelOf(gate.facts) };
  };
  const own: Said[] = [];
  for (const artifact of artifacts) {
    for (const line of lines.filter(({ name }) => name === artifact.line_name)) own.push(await judge(artifact, line));
  }
  // A name may lead to it since the last look: what the line of that name denies is denied.
  const [artifact] = artifacts;
  const named = lines.filter(({ name }) => name === lineOf(asked.reference.label)).filter(isKnown);
  for (const line of named) {
    if (artifact && !artifacts.some(({ line_name }) => line_name === line.name)) own.push(await judge(artifact, line));
  }
  // Under whatever other name it stands: what is denied in one line is not made good by another.
  if (own.length > 0) return own.find(({ judged }) => judged === 'deny') ?? (best(own) as Said);
  const others: Said[] = [];
  for (const line of selectVouching(lines)) if (artifact) others.push(await judge(artifact, line));
  return best(others) ?? (artifact ? judgeUnprotected(rule, await judge(artifact, unprotected)) : conclude(rule, []));
}

/** Nobody's: what a policy requires, and what people rejected, holds there as well. */
const unprotected: KnownLine = { number: 0, name: '', stored: undefined, elders: [] };

function judgeUnprotected(rule: PolicyRule, { level = 0, reasons }: Said): Said {
  const none: Reason = { code: 'line.unprotected', effect: 'unknown', text: 'no line whose signers count is known' };
  return { level, ...conclude(rule, [none, ...reasons.filter(({ code }) => code !== 'line.cold')]) };
}

function isKnown({ stored }: KnownLine): boolean {
  return stored?.revision.state === 'established' || stored?.revision.state === 'declared';
}

/** Where one line is always signed, one that is not vouches for nothing outside of itself. */
function selectVouching(lines: readonly KnownLine[]): readonly KnownLine[] {
  const known = lines.filter(isKnown);
  const signed = known.filter(({ stored }) => stored?.revision.signed === 'always');
  return signed.length > 0 ? signed : known;
}

function best(said: readonly Said[]): Said | undefined {
  const rankOf = ({ judged }: Judgement) => ['ok', 'warn', 'unknown', 'deny'].indexOf(judged);
  return [...said].sort((left, right) => rankOf(left) - rankOf(right))[0];
}

/** Lines of the first day are believed together: nobody knew them one after the other. */
const firstDayMs = 24 * 3_600_000;

async function readLines(query: Query, { source, rule }: Asked): Promise<readonly KnownLine[]> {
  // A mirror is judged by the source that it is one of.
  const all = await listLinesByAge(query, source.mirror_of ?? source.id);
  const isMeant = (name: string) => rule.lines.includes(name) || (rule.lines.includes('major') && /^\d+$/.test(name));
  const first = all[0]?.created_at ?? 0;
  const meant = all.filter((line) => isMeant(line.name));
  const read = await Promise.all(
    meant.map(async (line) => ({
      ...line,
      stored: await readBaseline(query, line.number),
      decided: await readDecided(query, line.number),
      isLater: line.created_at - first > firstDayMs,
    })),
  );
  const trusted = read.filter(({ isLater }) => !isLater).flatMap(({ stored }) => (stored ? [stored.revision] : []));
  const decided = read.flatMap((line) => line.decided ?? []);
  return read.map((line) => ({ ...line, elders: line.isLater && trusted.length > 0 ? [...trusted, ...decided] : [] }));
}

/** Whom people accepted in a line, and nobody whom it learned. */
async function readDecided(query: Query, line: number): Promise<Revision | undefined> {
  const decisions = (await listDecisions(query, line)).map(parseDecisionRow);
  const revision = decisions.reduce(applyDecision, emptyRevision);
  const isAccepted = ({ state }: { readonly state: SignerState }) => state === 'accepted';
  if (![...revision.identities, ...revision.keys].some(isAccepted)) return undefined;
  return { ...revision, state: 'declared', signed: 'sometimes' };
}

function withoutEnded(revision: Revision, at: number): Revision {
  return { ...revision, excused: revision.excused.filter(({ until }) => until === null || until > at) };
}

function describeRevision({ name, stored }: KnownLine): GateVerdict['revision'] {
  return stored && { id: stored.id, version: stored.version, line: name };
}

async function describeArtifact(
  query: Query,
  { source, at }: Asked,
  { artifact, artifacts }: { readonly artifact: PlacedArtifact; readonly artifacts: readonly PlacedArtifact[] },
): Promise<GateArtifact> {
  const facts = JSON.parse(artifact.document) as FactSet;
  const held = await findHeldFacts(query, artifact.number);
  const frozenSince = await findFrozenSince(query, { line: artifact.line, at });
  const shown = await listShown(
    query,
    artifacts.map(({ number }) => number),
  );
  return {
    facts,
    ...(held && { held: { facts: JSON.parse(held.document) as FactSet, ageMs: at - held.seen_at } }),
    isQuarantined: await isQuarantined(query, source.organisation_id, artifact.content),
    isAfterCritical: frozenSince !== null && artifact.first_seen_at > frozenSince,
    isInUse: artifact.in_use === 1,
    isDevelopment: source.is_development === 1,
    ageMs: Math.max(0, at - beginOf(artifact, source)),
    findings: shown.flatMap((row) => describeShown(row, at)),
  };
}

/** An acceptance ends by the clock, whenever somebody next goes by. */
function describeShown(row: FindingRow, at: number): readonly StoredFinding[] {
  const { kind, fingerprint, gate, severity, document, expires_at: end } = row;
  if (!isDriftKind(kind)) return [];
  const state = row.state === 'accepted' && end !== null && end <= at ? 'open' : row.state;
  const { sentence } = JSON.parse(document) as { readonly sentence: string };
  return [{ kind, fingerprint, gate, severity, state, sentence }];
}

/** Publication is what others say; from the second day of watching on what counts is when it was first seen. */
function beginOf({ first_seen_at, published_at }: PlacedArtifact, { created_at }: SourceRow): number {
  const isOfPast = first_seen_at - created_at <= firstDayMs;
  return isOfPast ? Math.min(published_at ?? first_seen_at, first_seen_at) : first_seen_at;
}

function levelOf({ provenance }: FactSet): number {
  if (provenance === 'unknown') return 0;
  const levels = provenance.filter(({ outcome, isAboutSubject }) => outcome === 'verified' && isAboutSubject);
  return Math.max(0, ...levels.map(({ level }) => level));
}
