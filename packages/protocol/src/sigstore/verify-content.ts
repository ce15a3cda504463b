/** What a bundle signs: the signature under the signer's key, and the artifact that it is about. */
import { isSameBytes } from '../bytes/compare.ts';
import { encodeHex } from '../bytes/hex.ts';
import { type Envelope, encodePae } from '../dsse/envelope.ts';
import { TrustError } from '../errors.ts';
import { parseStatement, type Statement, type Subject, statementPayloadType } from '../intoto/statement.ts';
import { verifySubject } from '../intoto/verify-subject.ts';
import { verifyDigest } from '../keys/digest-signature.ts';
import type { HashName, SignatureAlgorithm } from '../keys/signature-algorithm.ts';
import type { VerificationKey } from '../keys/verification-key.ts';
import { type Artifact, digestArtifact, digestNames, formatDigests } from './artifact.ts';
import type { BundleContent } from './bundle.ts';
import { assumeAlgorithm } from './key-details.ts';

/** What was signed, and is about the artifact. */
export type VerifiedContent =
  /** The artifact itself. */
  | { readonly kind: 'message'; readonly hash: HashName; readonly digest: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'statement';
      readonly payloadType: string;
      readonly statement: Statement;
      /** Those that the artifact is; at least one. */
      readonly subjects: readonly Subject[];
    };

/**
 * Throws `bad_signature` unless the key has signed the content, `digest_mismatch` when it signed another artifact, `subject_mismatch`
 * when its statement is about others; `malformed`, `too_large`, and `algorithm_unsupported` where a digest is not enough.
 */
export function verifyContent(
  content: BundleContent,
  key: VerificationKey,
  artifact: Artifact,
): Promise<VerifiedContent> {
  return content.kind === 'message' ? verifyMessage(content, key, artifact) : verifyStatement(content, key, artifact);
}

/** What was signed, whether or not it is about the artifact. */
export type ObservedContent =
  /** The artifact itself. */
  | { readonly kind: 'message'; readonly hash: HashName; readonly digest: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'statement'; readonly statement: Statement; readonly isAboutArtifact: boolean };

/** The same as `verifyContent`, but a statement about other artifacts is no refusal: it says that it is. */
export async function observeContent(
  content: BundleContent,
  key: VerificationKey,
  artifact: Artifact,
): Promise<ObservedContent> {
  if (content.kind === 'message') return verifyMessage(content, key, artifact);
  const { statement } = await verifyEnvelope(content, key);
  return { kind: 'statement', statement, isAboutArtifact: await isAbout(statement, artifact) };
}

async function isAbout(statement: Statement, artifact: Artifact): Promise<boolean> {
  try {
    return (await findSubjects(statement, artifact)).length > 0;
  } catch (error) {
    if (error instanceof TrustError && error.code === 'subject_mismatch') return false;
    throw error;
  }
}

type MessageContent = BundleContent & { readonly kind: 'message' };

async function verifyMessage(
  { hash, digest, signature }: MessageContent,
  key: VerificationKey,
  artifact: Artifact,
): Promise<VerifiedContent & { readonly kind: 'message' }> {
  const found = (await digestArtifact(artifact, [hash])).get(hash);
  if (!found) throw new TrustError('digest_mismatch', `expected the ${hash} digest of the artifact, got others`);
  if (!isSameBytes(found, digest)) {
    throw new TrustError(
      'digest_mismatch',
      `expected an artifact of ${hash} ${encodeHex(digest)}, got ${encodeHex(found)}`,
    );
  }
  const algorithm = chooseMessageAlgorithm(key, hash);
  if (artifact.kind === 'bytes') await key.verify({ algorithm, message: artifact.bytes, signature });
  else verifyDigest(key.subjectKey, { algorithm, digest: found, signature });
  return { kind: 'message', hash, digest };
}

/** The bundle says which hash function; its log entry must say the same. Ed25519 has its own. */
function chooseMessageAlgorithm({ subjectKey }: VerificationKey, hash: HashName): SignatureAlgorithm {
  const algorithm = assumeAlgorithm(subjectKey);
  return algorithm.kind === 'ed25519' ? algorithm : { ...algorithm, hash };
}

type EnvelopeContent = BundleContent & { readonly kind: 'envelope' };

async function verifyStatement(
  content: EnvelopeContent,
  key: VerificationKey,
  artifact: Artifact,
): Promise<VerifiedContent> {
  const { payloadType, statement } = await verifyEnvelope(content, key);
  return { kind: 'statement', payloadType, statement, subjects: await findSubjects(statement, artifact) };
}

async function verifyEnvelope({ envelope, signature }: EnvelopeContent, key: VerificationKey) {
  const { payloadType, payload } = assertStatementType(envelope);
  const message = encodePae(payloadType, payload);
  await key.verify({ algorithm: assumeAlgorithm(key.subjectKey), message, signature });
  return { payloadType, statement: parseStatement(payload) };
}

async function findSubjects(statement: Statement, artifact: Artifact): Promise<readonly Subject[]> {
  const digests = await digestArtifact(artifact, listHashes(statement));
  return verifySubject(statement, formatDigests(digests));
}

function assertStatementType(envelope: Envelope): Envelope {
  if (envelope.payloadType === statementPayloadType) return envelope;
  const got = envelope.payloadType.slice(0, 100);
  throw new TrustError('malformed', `expected a payload of type ${statementPayloadType}, got ${got}`);
}

/** The hash functions that the subjects name. */
function listHashes({ subjects }: Statement): ReadonlySet<HashName> {
  const names = new Set(subjects.flatMap(({ digests }) => [...digests.keys()]));
  return new Set(Object.entries(digestNames).flatMap(([name, hash]) => (names.has(name) ? [hash] : [])));
}
