/** Drift of signatures that nobody here can verify: which key they say that they are by. Anybody can write that, so that the same says nothing, and another one something. */
import type { Revision } from '../baseline/revision.ts';
import type { SignatureFact } from '../facts/fact-set.ts';
import type { Difference } from './difference.ts';

/** Kind and issuer of the signatures that say by which key they are, and that cannot be verified. */
export function listClaims(signatures: readonly SignatureFact[]): readonly string[] {
  return signatures.flatMap(({ kind, outcome, issuer }) =>
    outcome === 'unverifiable' && issuer !== undefined ? [`${kind} ${issuer}`] : [],
  );
}

/** What is to be said of claims, where no signature can be verified. */
export function compareClaims({ claimed }: Revision, signatures: readonly SignatureFact[]): readonly Difference[] {
  const claims = listClaims(signatures);
  if (!claimed || claims.length === 0 || claims.some((claim) => claimed.issuers.includes(claim))) return [];
  return [
    {
      ...{ kind: 'key.claim_changed', before: claimed.issuers, after: [...new Set(claims)] },
      sentence: `its signature, which cannot be judged here, says that it is by ${claims.join(', ')}, before by ${claimed.issuers.join(', ')}`,
    },
  ];
}
