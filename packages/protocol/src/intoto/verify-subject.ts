/** Whether a statement is about an artifact: by digest alone (in-toto/attestation, spec/v1/statement.md). */
import { TrustError } from '../errors.ts';
import type { DigestSet } from './digest-set.ts';
import type { Statement, Subject } from './statement.ts';

/** Digests that an attacker cannot make two artifacts agree in. */
const strongAlgorithms = ['sha256', 'sha384', 'sha512'];

/**
 * The subjects that the artifact with these digests is. A subject is the artifact when both name a strong digest, and all digests
 * that both name agree: one that differs is a contradiction, whatever the others say. Throws `subject_mismatch` when there is none.
 */
export function verifySubject({ subjects }: Pick<Statement, 'subjects'>, artifact: DigestSet): readonly Subject[] {
  const found = subjects.filter(({ digests }) => isSameArtifact(digests, artifact));
  if (found.length > 0) return found;
  const got = subjects.slice(0, 3).map(({ name, digests }) => `${name ?? 'a subject'} ${describeDigests(digests)}`);
  const more = subjects.length > 3 ? ` and ${subjects.length - 3} more` : '';
  throw new TrustError(
    'subject_mismatch',
    `expected a statement about ${describeDigests(artifact)}, got one about ${got.join(', ')}${more}`,
  );
}

function isSameArtifact(subject: DigestSet, artifact: DigestSet): boolean {
  const shared = [...subject.keys()].filter((algorithm) => artifact.has(algorithm));
  return (
    shared.some((algorithm) => strongAlgorithms.includes(algorithm)) &&
    shared.every((algorithm) => subject.get(algorithm) === artifact.get(algorithm))
  );
}

function describeDigests(digests: DigestSet): string {
  const [first] = [...digests].filter(([algorithm]) => strongAlgorithms.includes(algorithm));
  return first ? first.join(':') : 'that has no digest in common but weak ones';
}
