/** AlgorithmIdentifier (RFC 5280, 4.1.1.2). */
import type { DerElement, DerReader } from '../asn1/reader.ts';
import { assertDer } from '../asn1/walk.ts';
import { type DerValue, encoded, nothing, oid, sequence } from '../asn1/writer.ts';
import { TrustError } from '../errors.ts';

/** An algorithm by its identifier, with parameters that are not understood yet. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: DerElement | undefined;
}

/** Reads an AlgorithmIdentifier. Throws `malformed`. */
export function readAlgorithmIdentifier(reader: DerReader): AlgorithmIdentifier {
  const inner = reader.readSequence();
  const algorithm = inner.readOid();
  const parameters = inner.atEnd ? undefined : inner.readElement();
  inner.assertEnd();
  if (parameters) assertDer(parameters.bytes);
  return { oid: algorithm, parameters };
}

/** An AlgorithmIdentifier with no parameters, NULL, or the ones given. */
export function algorithmIdentifier(algorithm: string, parameters?: DerValue | 'null'): DerValue {
  return sequence(oid(algorithm), parameters === 'null' ? nothing() : parameters);
}

/** Throws `malformed` when there are parameters. */
export function assertNoParameters({ oid: algorithm, parameters }: AlgorithmIdentifier): void {
  if (parameters) throw new TrustError('malformed', `expected no parameters for algorithm ${algorithm}`);
}

/** Throws `malformed` unless the parameters are NULL or absent (RFC 4055, 2.1 and 5: both must be accepted). */
export function assertNullParameters({ oid: algorithm, parameters }: AlgorithmIdentifier): void {
  if (!parameters || (parameters.tag === 5 && parameters.content.length === 0)) return;
  throw new TrustError('malformed', `expected null as parameters of algorithm ${algorithm}`);
}

/** An AlgorithmIdentifier as it was read, to be written again. */
export function writeAlgorithmIdentifier({ oid: algorithm, parameters }: AlgorithmIdentifier): DerValue {
  return sequence(oid(algorithm), parameters && encoded(parameters.bytes));
}
