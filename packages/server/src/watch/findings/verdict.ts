/** What a person says of a finding, and what it makes of the baseline. */
import type { Revision } from '../baseline/revision.ts';
import type { DriftKind } from '../drift/kinds.ts';
import { nameSigner } from '../drift/signers.ts';
import type { FactSet, SignatureFact } from '../facts/fact-set.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { applyDecision, type Decision, type Signers } from '../learning/decision.ts';
import { isWidenable } from '../learning/widen.ts';

/** What a person says. */
export type Verdict =
  | { readonly kind: 'acknowledge' }
  /** It is meant to be so: for good, or until a time in Unix ms; in this line, or in all lines of the source. */
  | { readonly kind: 'accept'; readonly scope: 'line' | 'source'; readonly until?: number | undefined }
  /** It is an attack: whoever signed is never to be trusted, and the artifacts are quarantined. */
  | { readonly kind: 'reject' }
  /** It was nothing, this time. */
  | { readonly kind: 'dismiss' };

/** What a verdict is about. */
export interface Judged {
  readonly kind: DriftKind;
  readonly fingerprint: string;
  /** What the finding says is there now. */
  readonly after: readonly string[];
  /** Of the artifacts that show it. */
  readonly facts: readonly FactSet[];
}

/** The decision that accepts a finding. What has an end, or cannot become usual, is let go by its fingerprint. */
export function acceptDecision(judged: Judged, revision: Revision, until: number | undefined): Decision {
  const excuse: Decision = { kind: 'excuse', fingerprint: judged.fingerprint, until: until ?? null };
  if (until !== undefined) return excuse;
  const signers = findSigners(judged);
  if (signers.identities.length + signers.keys.length > 0) return { kind: 'accept', ...signers };
  const facts = judged.facts.at(-1);
  if (!facts || !isWidenable(judged.kind)) return excuse;
  const widen: Decision = { kind: 'widen', drift: judged.kind, facts };
  return encodePlain(applyDecision(revision, widen)) === encodePlain(revision) ? excuse : widen;
}

/** The decision that turns away whoever the finding names; `undefined`: it names nobody. */
export function rejectDecision(judged: Judged): Decision | undefined {
  const signers = findSigners(judged);
  return signers.identities.length + signers.keys.length === 0 ? undefined : { kind: 'reject', ...signers };
}

/** Those who signed the artifacts and whom the finding names. */
function findSigners({ kind, after, facts }: Judged): Signers {
  const isOfSigners =
    /^(?:identity|key|evidence)\./.test(kind) && kind !== 'key.weak' && kind !== 'key.expired_at_signing';
  const named = facts
    .flatMap(({ signatures }) => (signatures === 'unknown' ? [] : signatures))
    .filter((signature) => isOfSigners && signature.outcome === 'verified' && isNamed(signature, after));
  const identities = new Map(
    named.flatMap(({ identity }) => (identity ? [[encodePlain(identity), identity] as const] : [])),
  );
  const keys = new Set(named.flatMap(({ identity, key }) => (!identity && key !== undefined ? [key] : [])));
  return { identities: [...identities.values()], keys: [...keys] };
}

function isNamed(signature: SignatureFact, after: readonly string[]): boolean {
  const { identity, key } = signature;
  return [nameSigner(signature), identity?.subject, key].some((name) => name !== undefined && after.includes(name));
}
