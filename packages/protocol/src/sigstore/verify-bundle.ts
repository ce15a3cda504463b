/** Verifies a Sigstore bundle (docs/protocol/bundles.md): who signed the artifact, when, and where that is on record. */
import { encodeBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { importPublicKey, type VerificationKey } from '../keys/verification-key.ts';
import type { VerifiedCosignature } from '../tlog/cosignature.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Artifact } from './artifact.ts';
import type { Bundle, BundleSigner } from './bundle.ts';
import { parseSignerClaims, type SignerClaims } from './claims.ts';
import { defaultMinimums, type EvidenceMinimums, type IdentityPolicy, type SignerIdentity } from './identity-policy.ts';
import { assertEntryBody } from './log-entry-body.ts';
import type { TrustedRoot } from './trusted-root.ts';
import { type VerifiedCertificateTimestamp, verifyCertificateTimestamps } from './verify-certificate-timestamps.ts';
import { type VerifiedContent, verifyContent } from './verify-content.ts';
import { verifyIdentity } from './verify-identity.ts';
import { type VerifiedLogEntry, verifyLogEntry, verifyPromise } from './verify-log-entry.ts';
import { verifySignerCertificate } from './verify-signer-certificate.ts';
import { type SignedTime, verifySignedTime } from './verify-timestamps.ts';
import { verifyWitnesses, type WitnessQuorum } from './verify-witnesses.ts';

declare const verified: unique symbol;

/** A bundle that was verified for an artifact. Only `verifyBundle` makes one. */
export interface VerifiedBundle {
  readonly [verified]: true;
  readonly signer: VerifiedSigner;
  /** When the signature is proven to have been there; at least one for a certificate's. */
  readonly times: readonly ProvenTime[];
  readonly logEntries: readonly VerifiedLogEntry[];
  /** By the witnesses that were asked for. */
  readonly cosignatures: readonly VerifiedCosignature[];
  /** The logs that promised to publish the certificate. */
  readonly scts: readonly VerifiedCertificateTimestamp[];
  readonly content: VerifiedContent;
}

/** Who signed. */
export type VerifiedSigner =
  | {
      readonly kind: 'certificate';
      readonly certificate: Certificate;
      readonly claims: SignerClaims;
      /** The one of the policy that the signer is. */
      readonly identity: SignerIdentity;
    }
  | { readonly kind: 'key'; readonly key: VerificationKey };

/** A time in Unix ms, and who says so. */
export type ProvenTime =
  | { readonly kind: 'timestamp'; readonly time: number; readonly authority: string }
  | { readonly kind: 'log'; readonly time: number; readonly log: string };

/** What a bundle must be good for. */
export interface BundleRequirements {
  readonly artifact: Artifact;
  readonly trustedRoot: TrustedRoot;
  readonly signer: RequiredSigner;
  /** Unix ms: nothing may have been signed after it, but for a minute of other clocks. Without it, the future is not looked at. */
  readonly now?: number;
  /** Takes entries that a log has only promised to include, which is all that many bundles of version 0.1 have; false by default. */
  readonly acceptPromises?: boolean;
  /** Witnesses that must have cosigned each log entry's checkpoint; none unless given. */
  readonly witnesses?: WitnessQuorum;
}

/** Whose signature counts: somebody's that a policy names, by certificate; or a key's, with how much evidence. */
export type RequiredSigner =
  | { readonly kind: 'policy'; readonly policy: IdentityPolicy }
  | { readonly kind: 'key'; readonly key: VerificationKey; readonly minimums?: EvidenceMinimums };

/** How far the clocks of others may be ahead. */
const maxClockSkewMs = 60_000;

/**
 * The bundle, verified for the artifact: times, signer, log entries, content, in this order. Throws a TrustError with the code of the
 * first step that fails; a TypeError for digests of a wrong length, and what a stream throws.
 */
export async function verifyBundle(bundle: Bundle, requirements: BundleRequirements): Promise<VerifiedBundle> {
  const { trustedRoot, artifact } = requirements;
  const minimums = chooseMinimums(requirements.signer);
  const evidence = await verifyTimes(bundle, trustedRoot);
  assertTimes(evidence, { minimums, now: requirements.now });
  assertOnce(bundle.timestamps.map(encodeBase64), 'timestamp');
  const [{ signer, scts, key, verifier }, logEntries] = await settle(
    verifySigner(bundle.signer, requirements, evidence.times),
    verifyLogEntries(bundle, trustedRoot, evidence),
  );
  assertLogEntries(logEntries, minimums, requirements.acceptPromises ?? false);
  const cosignatures = requirements.witnesses ? await verifyWitnesses(logEntries, requirements.witnesses) : [];
  const signed = { content: bundle.content, verifier, subjectKey: key.subjectKey };
  for (const { entry } of logEntries) await assertEntryBody(entry, signed);
  const content = await verifyContent(bundle.content, key, artifact);
  const { times } = evidence;
  return { signer, times, logEntries, cosignatures, scts, content } as unknown as VerifiedBundle;
}

/** Both at once, since neither needs the other; when both fail, the first one decides. */
async function settle<A, B>(first: Promise<A>, second: Promise<B>): Promise<readonly [A, B]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return [one.value, other.value];
}

function chooseMinimums(signer: RequiredSigner): EvidenceMinimums {
  return signer.kind === 'policy' ? signer.policy : (signer.minimums ?? defaultMinimums);
}

interface TimeEvidence {
  readonly timestamps: readonly SignedTime[];
  /** For each log entry what the log promises. */
  readonly promisedTimes: readonly (number | undefined)[];
  readonly times: readonly ProvenTime[];
}

/** Every timestamp and every promise must hold, not only those that are needed. */
async function verifyTimes({ timestamps, content, logEntries }: Bundle, root: TrustedRoot): Promise<TimeEvidence> {
  const signedTimes: SignedTime[] = [];
  for (const response of timestamps) {
    signedTimes.push(await verifySignedTime(response, content.signature, root.timestampAuthorities));
  }
  const promisedTimes: (number | undefined)[] = [];
  for (const entry of logEntries) promisedTimes.push(await verifyPromise(entry, root.logs));
  const times: ProvenTime[] = signedTimes.map(({ time, authority }) => ({
    kind: 'timestamp',
    time,
    authority: authority.uri,
  }));
  for (const [index, time] of promisedTimes.entries()) {
    if (time !== undefined)
      times.push({ kind: 'log', time, log: encodeHex(logEntries[index]?.logId ?? new Uint8Array()) });
  }
  return { timestamps: signedTimes, promisedTimes, times };
}

/** Two timestamps of one authority are as good as one. */
function assertTimes(
  { timestamps, times }: TimeEvidence,
  { minimums, now = Infinity }: { readonly minimums: EvidenceMinimums; readonly now: number | undefined },
): void {
  const authorities = new Set(timestamps.map(({ certificate }) => encodeHex(certificate.spki)));
  if (authorities.size < minimums.timestamps) {
    const got = `${authorities.size}`;
    throw new TrustError(
      'signed_time_missing',
      `expected timestamps by ${minimums.timestamps} authorities, got ${got}`,
    );
  }
  const future = times.find(({ time }) => time > now + maxClockSkewMs);
  if (!future) return;
  const [got, latest] = [future.time, now].map((time) => new Date(time).toISOString());
  throw new TrustError('signed_time_invalid', `expected a signature before ${latest}, got one of ${got}`);
}

/** Whoever says something twice wants it counted twice. */
function assertOnce(keys: readonly string[], what: string): void {
  if (new Set(keys).size < keys.length) throw new TrustError('malformed', `expected each ${what} once`);
}

interface SignerEvidence {
  readonly signer: VerifiedSigner;
  readonly scts: readonly VerifiedCertificateTimestamp[];
  readonly key: VerificationKey;
  readonly verifier: { readonly kind: 'certificate' | 'key'; readonly bytes: Uint8Array };
}

async function verifySigner(
  signer: BundleSigner,
  { signer: required, trustedRoot }: BundleRequirements,
  times: readonly ProvenTime[],
): Promise<SignerEvidence> {
  if (signer.kind === 'certificate' && required.kind === 'policy') {
    return verifyCertificateSigner(signer.certificates, { trustedRoot, policy: required.policy, times });
  }
  if (signer.kind === 'key' && required.kind === 'key') return useKey(required.key);
  const words = { certificate: 'a certificate', policy: 'a certificate', key: 'a key' } as const;
  throw new TrustError(
    'identity_mismatch',
    `expected a signature by ${words[required.kind]}, got one by ${words[signer.kind]}`,
  );
}

function useKey(key: VerificationKey): SignerEvidence {
  const { subjectKey } = key;
  if (subjectKey.kind === 'rsa' && subjectKey.modulusBits < 2048) {
    throw new TrustError('algorithm_unsupported', `expected RSA of at least 2048 bits, got ${subjectKey.modulusBits}`);
  }
  return { signer: { kind: 'key', key }, scts: [], key, verifier: { kind: 'key', bytes: subjectKey.spki } };
}

async function verifyCertificateSigner(
  chain: readonly [Certificate, ...Certificate[]],
  {
    trustedRoot,
    policy,
    times,
  }: { readonly trustedRoot: TrustedRoot; readonly policy: IdentityPolicy; readonly times: readonly ProvenTime[] },
): Promise<SignerEvidence> {
  // Certificates live minutes: without a time, nobody knows whether this one was alive.
  if (times.length === 0) throw new TrustError('signed_time_missing', 'expected a proof of the signing time, got none');
  const moments = times.map(({ time }) => time);
  const { certificate, issuer } = await verifySignerCertificate(chain, trustedRoot.certificateAuthorities, moments);
  const scts = await verifyCertificateTimestamps(
    { certificate, issuer },
    { logs: trustedRoot.certificateLogs, minimum: policy.scts },
  );
  const claims = parseSignerClaims(certificate);
  const identity = verifyIdentity(claims, policy);
  return {
    signer: { kind: 'certificate', certificate, claims, identity },
    scts,
    key: await importPublicKey(certificate.spki),
    verifier: { kind: 'certificate', bytes: certificate.bytes },
  };
}

async function verifyLogEntries(
  { logEntries }: Bundle,
  { logs }: TrustedRoot,
  { timestamps, promisedTimes }: TimeEvidence,
): Promise<readonly VerifiedLogEntry[]> {
  const signedTimes = timestamps.map(({ time }) => time);
  const entries: VerifiedLogEntry[] = [];
  for (const [index, entry] of logEntries.entries()) {
    const promisedTime = promisedTimes[index];
    // Nothing else says when the log's key was in use.
    if (promisedTime === undefined && signedTimes.length === 0) {
      throw new TrustError('signed_time_missing', `expected a timestamp beside an entry ${entry.kind}, got none`);
    }
    entries.push(await verifyLogEntry(entry, logs, { promisedTime, signedTimes }));
  }
  return entries;
}

/** Two entries of one log are as good as one. */
function assertLogEntries(
  entries: readonly VerifiedLogEntry[],
  { logEntries: minimum }: EvidenceMinimums,
  acceptPromises: boolean,
): void {
  const promised = entries.find(({ evidence }) => evidence === 'promise');
  if (promised && !acceptPromises) {
    throw new TrustError('log_proof_invalid', 'expected a proof of inclusion, got a promise alone');
  }
  const logs = new Set(entries.map(({ entry }) => encodeHex(entry.logId)));
  if (logs.size < minimum) {
    throw new TrustError('log_entry_missing', `expected entries in ${minimum} logs, got ${logs.size}`);
  }
  const keys = entries.map(({ entry }) => `${encodeHex(entry.logId)} ${entry.logIndex} ${entry.encodedBody}`);
  assertOnce(keys, 'log entry');
}
