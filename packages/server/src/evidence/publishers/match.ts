/** Holds the claims of a build against what a publisher names: by number and name, exactly, but for refs by pattern. */
import { isPatternMatch, parseIdentityPattern } from '@signpost/protocol/sigstore/identity-pattern';
import type { BuildClaims } from './claims.ts';
import type { PublisherRow } from './store.ts';

/**
 * What of the claims is not as the publisher has it, in words; undefined when everything is. Whoever takes over a name has another
 * number, and a repository that was renamed is named anew by an admin.
 */
export function findDifference(publisher: PublisherRow, claims: BuildClaims): string | undefined {
  const { ref, ref_kind: kind, environment } = publisher;
  const isRef = kind === 'exact' ? claims.ref === ref : isPatternMatch(parseIdentityPattern(ref), claims.ref);
  const rules: readonly (readonly [boolean, string, string, string | undefined])[] = [
    [claims.issuer === publisher.issuer, 'issuer', publisher.issuer, claims.issuer],
    [claims.repositoryId === publisher.repository_id, 'repository id', publisher.repository_id, claims.repositoryId],
    [claims.repository === publisher.repository, 'repository', publisher.repository, claims.repository],
    [claims.workflow === publisher.workflow, 'workflow', publisher.workflow, claims.workflow],
    [isRef, 'ref', ref, claims.ref],
    [environment === null || claims.environment === environment, 'environment', environment ?? '', claims.environment],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (!broken) return undefined;
  const [, name, expected, got] = broken;
  return `expected ${name} ${expected}, got ${got?.slice(0, 300) ?? 'none'}`;
}
