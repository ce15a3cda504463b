/** Reads SLSA provenance of either version (slsa.dev/provenance). */
import { TrustError } from '../errors.ts';
import { type Provenance, provenanceTypes } from './provenance.ts';
import { interpretProvenanceV1 } from './provenance-v1.ts';
import { interpretProvenanceV02 } from './provenance-v02.ts';
import type { Statement } from './statement.ts';

/** Whether a statement is provenance of a version that is read. */
export function isProvenance({ predicateType }: Pick<Statement, 'predicateType'>): boolean {
  return predicateType === provenanceTypes.v1 || predicateType === provenanceTypes.v02;
}

/** The provenance that a statement is. Throws `malformed` for other predicates and for members that are not as they should be. */
export function parseProvenance({
  predicateType,
  predicate,
}: Pick<Statement, 'predicateType' | 'predicate'>): Provenance {
  switch (predicateType) {
    case provenanceTypes.v1:
      return { version: 'v1', ...interpretProvenanceV1(predicate) };
    case provenanceTypes.v02:
      return { version: 'v02', ...interpretProvenanceV02(predicate) };
    default:
      throw new TrustError(
        'malformed',
        `expected SLSA provenance, got a predicate of type ${predicateType.slice(0, 200)}`,
      );
  }
}
