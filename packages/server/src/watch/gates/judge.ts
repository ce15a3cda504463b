/** What a gate says of an artifact: one pure function over policy, revision, facts and findings. */
import { emptyRevision, type Revision } from '../baseline/revision.ts';
import { classify, type Finding } from '../drift/classify.ts';
import { isSameSigner } from '../drift/compare-identity.ts';
import type { ArtifactHistory } from '../drift/difference.ts';
import { driftRules, type GateDefault, pastKinds, type Severity } from '../drift/kinds.ts';
import { selectAccepted } from '../drift/signers.ts';
import type { FactSet, SignatureFact } from '../facts/fact-set.ts';
import { selectProven } from '../learning/habits.ts';
import type { PolicyRule, PolicySigner } from '../policies/document.ts';

/** What is said. */
type Outcome = 'ok' | 'warn' | 'deny' | 'unknown';

/** Why. */
export interface Reason {
  /** A kind of drift, or what else a gate looks at. */
  readonly code: string;
  readonly effect: Outcome;
  readonly text: string;
}

/** A finding that is stored of the artifact. */
export interface StoredFinding {
  readonly kind: Finding['kind'];
  readonly fingerprint: string;
  readonly gate: GateDefault;
  readonly severity: Severity;
  readonly state: 'open' | 'acknowledged' | 'accepted' | 'rejected' | 'benign' | 'resolved' | 'collapsed';
  readonly sentence: string;
}

/** What is known of the artifact. */
export interface GateArtifact {
  /** As they were seen last. */
  readonly facts: FactSet;
  /** The last ones whose signatures could be read and judged, and for how long they have been the last; absent: there are none. */
  readonly held?: { readonly facts: FactSet; readonly ageMs: number } | undefined;
  readonly isQuarantined: boolean;
  /** It was first seen after a critical finding of the line opened that is still open. */
  readonly isAfterCritical: boolean;
  readonly isInUse: boolean;
  readonly isDevelopment: boolean;
  /** For how long it has been there. */
  readonly ageMs: number;
  readonly findings: readonly StoredFinding[];
}

/** What it is judged by. */
interface GateBasis {
  readonly source: string;
  readonly line: string;
  readonly revision: Revision | undefined;
  /** Revisions of other lines, for a line that began later than they; empty: it did not. */
  readonly elders: readonly Revision[];
}

/** See the file. */
export interface GateQuestion {
  readonly rule: PolicyRule;
  readonly basis: GateBasis;
  readonly artifact: GateArtifact;
  /** Many sources cannot be verified at once: it is the roots and not this source. */
  readonly isMassEvent: boolean;
}

/** The verdict. `judged` is what it would be if the policy enforced. */
export interface Judgement {
  readonly outcome: Outcome;
  readonly judged: Outcome;
  readonly reasons: readonly Reason[];
}

/** Judges an artifact. */
export function judgeArtifact(question: GateQuestion): Judgement {
  const { rule, artifact, basis } = question;
  const chosen = chooseFacts(question);
  const reasons: Reason[] = [...chosen.reasons];
  if (artifact.isQuarantined) reasons.push(deny('artifact.quarantined', 'somebody rejected it as an attack'));
  // What its names tell is so, whether or not its signatures can be read.
  reasons.push(
    ...judgeDrift(
      question,
      artifact.findings.filter(({ kind }) => pastKinds.has(kind)),
    ),
  );
  if (artifact.isAfterCritical) {
    reasons.push(deny('line.frozen', `a critical finding of line ${basis.line} is open since before it appeared`));
  }
  if (chosen.facts) {
    reasons.push(...judgeState(basis), ...judgeDrift(question, compareFacts(question, chosen.facts)));
    if (rule.continuity) reasons.push(...judgeContinuity(basis, chosen.facts));
    reasons.push(...judgeRequirements(rule, chosen.facts, artifact.ageMs));
  }
  return conclude(rule, reasons);
}

/** The verdict on what these reasons are about. */
export function conclude(rule: PolicyRule, reasons: readonly Reason[]): Judgement {
  const effects = reasons.map(({ effect }) => (effect === 'unknown' ? settleUnknown(rule) : effect));
  const judged = (['deny', 'unknown', 'warn'] as const).find((effect) => effects.includes(effect)) ?? 'ok';
  return { judged, outcome: soften(rule, judged), reasons };
}

function settleUnknown({ on_unknown }: PolicyRule): Outcome {
  if (on_unknown === 'allow') return 'ok';
  return on_unknown === 'deny' ? 'deny' : 'unknown';
}

function soften({ mode }: PolicyRule, judged: Outcome): Outcome {
  if (mode === 'enforce') return judged;
  return mode === 'observe' || judged === 'ok' ? 'ok' : 'warn';
}

function deny(code: string, text: string): Reason {
  return { code, effect: 'deny', text };
}

function unknown(code: string, text: string): Reason {
  return { code, effect: 'unknown', text };
}

/** The last facts, or those before them for which what was told last still holds: the bytes are the same. */
function chooseFacts({ rule, artifact, isMassEvent }: GateQuestion): {
  readonly facts?: FactSet | undefined;
  readonly reasons: readonly Reason[];
} {
  const { facts, held } = artifact;
  const isUnverifiable =
    isMassEvent &&
    facts.signatures !== 'unknown' &&
    facts.signatures.length > 0 &&
    facts.signatures.every(({ outcome }) => outcome === 'unverifiable');
  if (facts.signatures !== 'unknown' && !isUnverifiable) return { facts, reasons: [] };
  const why = isUnverifiable
    ? 'many sources cannot be verified at the moment'
    : 'its signatures could not be read last';
  if (rule.on_unknown === 'hold-last' && held && held.ageMs <= rule.hold_hours * hourMs) {
    return { facts: held.facts, reasons: [{ code: 'facts.held', effect: 'ok', text: `${why}; judged as before` }] };
  }
  return { reasons: [unknown('facts.unknown', why)] };
}

const hourMs = 3_600_000;

function judgeState({ line, revision = emptyRevision }: GateBasis): readonly Reason[] {
  if (revision.state === 'cold') return [unknown('line.cold', `nothing is known of line ${line}`)];
  return revision.state === 'learning' ? [unknown('line.learning', `line ${line} is not known well enough yet`)] : [];
}

const noHistory: ArtifactHistory = { wasSigned: false, mirrors: [] };

/** Told by the facts themselves, again, by the revision in force now. */
function compareFacts({ basis, artifact }: GateQuestion, facts: FactSet): readonly Finding[] {
  const { source, line, revision = emptyRevision } = basis;
  const { isInUse, isDevelopment } = artifact;
  return classify({ place: { source, line, isInUse, isDevelopment }, revision, facts, history: noHistory });
}

function judgeDrift(
  { rule, basis, artifact }: GateQuestion,
  findings: readonly Omit<StoredFinding, 'state'>[],
): readonly Reason[] {
  const { revision = emptyRevision } = basis;
  if (revision.state === 'cold') return [];
  const decided = new Map(artifact.findings.map(({ fingerprint, state }) => [fingerprint, state]));
  return findings.flatMap((finding) => {
    const state = decided.get(finding.fingerprint);
    const isExcused = revision.excused.some(({ fingerprint }) => fingerprint === finding.fingerprint);
    if (state === 'accepted' || state === 'benign' || (isExcused && state === undefined)) return [];
    const effect = effectOf(rule.findings[finding.kind] ?? finding.gate);
    return [{ code: finding.kind, effect, text: `${finding.sentence} (${finding.severity})` }];
  });
}

function effectOf(gate: GateDefault): Outcome {
  if (gate === 'hold') return 'unknown';
  return gate === 'allow' ? 'ok' : gate;
}

/** Who can begin a line must not be able to choose who signs it: it is vouched for by who signs the others. */
function judgeContinuity({ line, revision, elders }: GateBasis, { signatures }: FactSet): readonly Reason[] {
  const known = elders.filter(({ state }) => state === 'established' || state === 'declared');
  // Also while the line is learned: whoever lets the unknown pass does not ask for strangers. What a person declared needs nobody.
  if (known.length === 0 || signatures === 'unknown' || revision?.state === 'declared') return [];
  const verified = signatures.filter(({ outcome }) => outcome === 'verified');
  if (verified.length === 0) {
    const isUsual = known.every(({ signed }) => signed !== 'always');
    return isUsual ? [] : [deny('line.unsigned', `line ${line} is not signed, and the lines before it are`)];
  }
  if (known.some((elder) => verified.some((signature) => isAcceptedIn(elder, signature)))) return [];
  return [deny('line.new_signer', `line ${line} is signed by nobody whom the lines before it know`)];
}

function isAcceptedIn(revision: Revision, signature: SignatureFact): boolean {
  if (selectAccepted(revision, [signature]).length > 0) return true;
  const { identity } = signature;
  return (
    identity !== undefined &&
    revision.identities.some(({ state, identity: known }) => state === 'accepted' && isSameSigner(known, identity))
  );
}

function judgeRequirements({ require: wanted }: PolicyRule, facts: FactSet, ageMs: number): readonly Reason[] {
  const { signatures, provenance, sbom } = facts;
  const verified = signatures === 'unknown' ? [] : signatures.filter(({ outcome }) => outcome === 'verified');
  const proven = provenance === 'unknown' ? [] : selectProven(provenance);
  const lacks = provenance === 'unknown' ? unknown : deny;
  const { signers, builders, slsa_level: level = 0 } = wanted;
  const wants = signers && verified.filter((signature) => signers.some((signer) => isSigner(signer, signature)));
  const reasons: (Reason | false)[] = [
    wants?.length === 0 && deny('required.signer', 'none of the signers that the policy names has signed it'),
    builders !== undefined &&
      !proven.some(({ builder }) => builders.includes(builder)) &&
      lacks('required.builder', 'none of the builders that the policy names has built it'),
    level > Math.max(0, ...proven.map((one) => one.level)) &&
      lacks('required.slsa_level', `it does not show SLSA build level ${level}`),
    wanted.transparency === true &&
      !(wants ?? verified).some(({ transparency }) => transparency === 'included') &&
      deny('required.transparency', 'no log holds its signature'),
    wanted.sbom === true &&
      sbom !== 'about-subject' &&
      (sbom === 'unknown' ? unknown : deny)('required.sbom', 'it has no SBOM that is about it'),
    wanted.age_hours !== undefined &&
      ageMs < wanted.age_hours * hourMs &&
      deny('required.age', `it is younger than ${wanted.age_hours} h`),
  ];
  return reasons.filter((reason) => reason !== false);
}

function isSigner(wanted: PolicySigner, { identity, key }: SignatureFact): boolean {
  if ('key' in wanted) return identity === undefined && key === wanted.key;
  if (!identity) return false;
  return Object.entries(wanted).every(([claim, value]) => identity[claim as keyof typeof identity] === value);
}

/** Whether a kind is one that there is. */
export function isDriftKind(kind: string): kind is Finding['kind'] {
  return Object.hasOwn(driftRules, kind);
}
