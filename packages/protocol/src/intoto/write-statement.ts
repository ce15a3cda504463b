/** Writes statements (in-toto/attestation, spec/v1) that our readers read back to the same, and signs them as DSSE. */
import { encodeText } from '../bytes/text.ts';
import { encodeEnvelope, encodePae } from '../dsse/envelope.ts';
import type { JsonObject } from '../json/foreign.ts';
import { encodeTime } from '../json/time.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { BuildDependency } from './build-source.ts';
import { type Provenance, provenanceTypes } from './provenance.ts';
import { type ReleaseNote, releaseType } from './release.ts';
import { type Statement, type Subject, statementPayloadType, statementType } from './statement.ts';
import { type VerificationSummary, verificationSummaryType } from './verification-summary.ts';

/** What a provenance statement says; its source stands in the parameters and the dependencies. */
export type ProvenanceToWrite = Omit<Provenance, 'version' | 'source'>;

/** A statement on how `subjects` were built (slsa.dev/provenance/v1). */
export function createProvenanceStatement(subjects: readonly Subject[], provenance: ProvenanceToWrite): Statement {
  const { builderId, buildType, externalParameters, internalParameters, dependencies } = provenance;
  const { invocationId, startedOn, finishedOn } = provenance;
  const predicate = compact({
    buildDefinition: {
      buildType,
      externalParameters,
      internalParameters,
      resolvedDependencies: dependencies.map(encodeDependency),
    },
    runDetails: {
      builder: { id: builderId },
      metadata: compact({
        invocationId,
        startedOn: encodeOptionalTime(startedOn),
        finishedOn: encodeOptionalTime(finishedOn),
      }),
    },
  });
  return { subjects, predicateType: provenanceTypes.v1, predicate };
}

/** A statement that somebody verified `subjects` (slsa.dev/verification_summary/v1). */
export function createSummaryStatement(subjects: readonly Subject[], summary: VerificationSummary): Statement {
  const predicate = compact({
    verifier: { id: summary.verifierId, version: { ...summary.verifierVersions } },
    timeVerified: encodeOptionalTime(summary.timeVerified),
    resourceUri: summary.resourceUri,
    policy: encodeDependency(summary.policy),
    inputAttestations: summary.inputAttestations.map(encodeDependency),
    verificationResult: summary.result,
    verifiedLevels: [...summary.verifiedLevels],
    slsaVersion: summary.slsaVersion,
  });
  return { subjects, predicateType: verificationSummaryType, predicate };
}

/** A statement that a release consists of `subjects`: who published it, not who built it. */
export function createReleaseStatement(subjects: readonly Subject[], { purl, packageId }: ReleaseNote): Statement {
  return { subjects, predicateType: releaseType, predicate: compact({ purl, packageId }) };
}

/** The bytes of a statement, version 1: what is signed. It judges nothing: parse it before signing. */
export function encodeStatement({ subjects, predicateType, predicate }: Statement): Uint8Array<ArrayBuffer> {
  const subject = subjects.map(({ name, digests }) => compact({ name, digest: Object.fromEntries(digests) }));
  return encodeText(JSON.stringify({ _type: statementType, subject, predicateType, predicate }));
}

/** The statement in a DSSE envelope, in JSON, signed by each of `signers`. Throws TypeError without any. */
export async function signStatement(statement: Statement, signers: readonly Signer[]): Promise<string> {
  if (signers.length === 0) throw new TypeError('expected at least one signer');
  const payload = encodeStatement(statement);
  const message = encodePae(statementPayloadType, payload);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({ keyId: signer.keyId, signature: await signer.sign(message) })),
  );
  return encodeEnvelope({ payloadType: statementPayloadType, payload, signatures });
}

function encodeDependency({ uri, digests }: BuildDependency): JsonObject {
  return compact({ uri, digest: digests.size === 0 ? undefined : Object.fromEntries(digests) });
}

function encodeOptionalTime(time: number | undefined): string | undefined {
  return time === undefined ? undefined : encodeTime(time);
}

/** Without the members that are not there. */
function compact(members: { readonly [name: string]: JsonObject[string] | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JsonObject;
}
