/** From facts to findings: one pure function over what is accepted and what was seen. */
import { createHash } from 'node:crypto';
import type { Revision } from '../baseline/revision.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { ArtifactHistory, Difference } from './difference.ts';
import { compareHistory } from './history.ts';
import { type DriftKind, driftRules, type GateDefault, type Severity, severities, shiftSeverity } from './kinds.ts';
import { compareProvenance } from './provenance.ts';
import { comparePublishing } from './publishing.ts';
import { compareSignatures } from './signatures.ts';
import { compareTrust } from './trust.ts';

/** Where a difference was found, and how much it matters there. */
interface Place {
  /** The source's key and the line's name. */
  readonly source: string;
  readonly line: string;
  /** It runs, or is what the default tag leads to. */
  readonly isInUse: boolean;
  /** It is used while developing only. */
  readonly isDevelopment: boolean;
}

/** What is classified. */
export interface Sighting {
  readonly place: Place;
  readonly revision: Revision;
  readonly facts: FactSet;
  readonly history: ArtifactHistory;
  /** What a policy asks of a release before it is used. */
  readonly minimumAgeMs?: number | undefined;
}

/** A difference, weighed. */
export interface Finding extends Omit<Difference, 'shift'> {
  readonly severity: Severity;
  readonly gate: GateDefault;
  readonly benign: string;
  /** The same for the same change in later releases: lower-case hex SHA-256. */
  readonly fingerprint: string;
}

/** All findings, the worst first. What is unknown makes none: for how long it has been unknown is judged elsewhere. */
export function classify({ place, revision, facts, history, minimumAgeMs }: Sighting): readonly Finding[] {
  const differences: Difference[] = [
    ...(facts.signatures === 'unknown' ? [] : compareSignatures(revision, facts.signatures, history)),
    ...(facts.isCapped ? [tooMany] : []),
    ...(facts.provenance === 'unknown' ? [] : compareProvenance(revision, facts.provenance)),
    ...compareTrust(revision, facts, history),
    ...comparePublishing(revision, facts, history),
    ...compareHistory(revision, facts, { ...history, minimumAgeMs }),
  ];
  const weighed = worsenTags(differences).map((difference) => weigh(difference, revision, place));
  return [...mergeSame(weighed)].sort(
    (left, right) => severities.indexOf(right.severity) - severities.indexOf(left.severity),
  );
}

const tooMany: Difference = {
  ...{ kind: 'signature.too_many', before: [], after: ['too many'] },
  sentence: 'it has more signatures than are read',
};

const losses: ReadonlySet<DriftKind> = new Set(['signature.lost', 'signature.withdrawn', 'provenance.lost']);

/** A release's tag that was moved to something with less evidence is how it looks when somebody stole the way to push. */
function worsenTags(differences: readonly Difference[]): readonly Difference[] {
  if (!differences.some(({ kind }) => losses.has(kind))) return differences;
  return differences.map((one) => (one.kind === 'tag.mutated' ? { ...one, shift: 1 } : one));
}

/** Against an established baseline as the table says, while learning one step less, and nothing but a note before that. */
function weigh({ shift = 0, ...difference }: Difference, { state }: Revision, place: Place): Finding {
  const { base, gate, benign } = driftRules[difference.kind];
  const severity = weighPlace(weighState(shiftSeverity(base, shift), state), place);
  return {
    ...difference,
    ...{ benign, severity, gate: weighGate(gate, severity, state) },
    fingerprint: fingerprintOf(difference, place),
  };
}

/** What is harmless holds nobody up, and what is still being learned only warns: it may be the baseline that is wrong. */
function weighGate(gate: GateDefault, severity: Severity, state: Revision['state']): GateDefault {
  if (gate !== 'deny' && gate !== 'warn') return gate;
  if (severity === 'note' || severity === 'low') return 'allow';
  return state === 'learning' ? 'warn' : gate;
}

function weighState(severity: Severity, state: Revision['state']): Severity {
  if (state === 'cold') return 'note';
  return state === 'learning' ? shiftSeverity(severity, -1) : severity;
}

/** What is harmless stays so where it runs. */
function weighPlace(severity: Severity, { isInUse, isDevelopment }: Place): Severity {
  if (severity === 'note' || severity === 'low') return severity;
  if (isInUse) return shiftSeverity(severity, 1);
  return isDevelopment ? shiftSeverity(severity, -1) : severity;
}

function fingerprintOf({ kind, before, after }: Omit<Difference, 'shift'>, { source, line }: Place): string {
  const text = encodePlain([kind, source, line, [...before].sort(), [...after].sort()]);
  return createHash('sha256').update(text).digest('hex');
}

/** Two signatures by one stranger are one finding. */
function mergeSame(findings: readonly Finding[]): Iterable<Finding> {
  return new Map(findings.map((finding) => [finding.fingerprint, finding])).values();
}
