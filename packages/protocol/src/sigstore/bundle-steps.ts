/** The steps that every bundle takes, whoever must have signed it (docs/protocol/bundles.md). */
import { encodeBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import type { VerificationKey } from '../keys/verification-key.ts';
import type { VerifiedCosignature } from '../tlog/cosignature.ts';
import { beginStep } from './begin-step.ts';
import type { Bundle } from './bundle.ts';
import type { EvidenceMinimums } from './identity-policy.ts';
import { assertEntryBody } from './log-entry-body.ts';
import type { TrustedRoot } from './trusted-root.ts';
import type { VerifiedCertificateTimestamp } from './verify-certificate-timestamps.ts';
import { type VerifiedLogEntry, verifyLogEntry, verifyPromise } from './verify-log-entry.ts';
import type { SignerCheck } from './verify-signer.ts';
import { type SignedTime, verifySignedTime } from './verify-timestamps.ts';
import { verifyWitnesses, type WitnessQuorum } from './verify-witnesses.ts';

/** A time in Unix ms, and who says so. */
export type ProvenTime =
  | { readonly kind: 'timestamp'; readonly time: number; readonly authority: string }
  | { readonly kind: 'log'; readonly time: number; readonly log: string };

/** What is asked of the steps; who must have signed, and what, are steps of the caller. */
export interface StepRequirements<Signer, Content> {
  readonly trustedRoot: TrustedRoot;
  readonly minimums: EvidenceMinimums;
  readonly signer: SignerCheck<Signer>;
  /** `isLate`: begun only when nothing else refuses, since a stream is read once. */
  readonly content: { readonly isLate: boolean; readonly verify: (key: VerificationKey) => Promise<Content> };
  readonly now: number | undefined;
  readonly acceptPromises: boolean;
  readonly witnesses: WitnessQuorum | undefined;
}

/** What they found. */
export interface StepEvidence<Signer, Content> {
  readonly signer: Signer;
  readonly times: readonly ProvenTime[];
  readonly logEntries: readonly VerifiedLogEntry[];
  readonly cosignatures: readonly VerifiedCosignature[];
  readonly scts: readonly VerifiedCertificateTimestamp[];
  readonly content: Content;
}

/** How far the clocks of others may be ahead. */
const maxClockSkewMs = 60_000;

/** Takes the steps in the order of the page. Throws a TrustError with the code of the first that fails, and what the caller's own steps throw. */
export async function takeBundleSteps<Signer, Content>(
  bundle: Bundle,
  requirements: StepRequirements<Signer, Content>,
): Promise<StepEvidence<Signer, Content>> {
  const { trustedRoot, minimums, signer: signerCheck } = requirements;
  const verifyOwnContent = async () => requirements.content.verify(await signerCheck.key);
  // Nobody reads a stream for a bundle that is refused anyway.
  const earlyContent = requirements.content.isLate ? undefined : beginStep(verifyOwnContent());
  const evidence = await verifyTimes(bundle, trustedRoot);
  assertTimes(evidence, { minimums, now: requirements.now });
  assertOnce(bundle.timestamps, encodeBase64, 'timestamp');
  const signerEvidence = beginStep(signerCheck.verifyAt(evidence.times.map(({ time }) => time)));
  const entryEvidence = beginStep(verifyLogEntries(bundle, trustedRoot, evidence));
  const entryBodies = beginStep(assertEntryBodies(bundle, signerCheck.key));
  const { signer, scts } = await signerEvidence;
  const logEntries = await entryEvidence;
  assertLogEntries(logEntries, minimums, requirements.acceptPromises);
  const cosignatures = requirements.witnesses ? await verifyWitnesses(logEntries, requirements.witnesses) : [];
  await entryBodies;
  const content = await (earlyContent ?? verifyOwnContent());
  return { signer, times: evidence.times, logEntries, cosignatures, scts, content };
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
  if (!(authorities.size >= minimums.timestamps)) {
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
function assertOnce<T>(items: readonly T[], key: (item: T) => string, what: string): void {
  if (items.length > 1 && new Set(items.map(key)).size < items.length)
    throw new TrustError('malformed', `expected each ${what} once`);
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
  if (!(logs.size >= minimum)) {
    throw new TrustError('log_entry_missing', `expected entries in ${minimum} logs, got ${logs.size}`);
  }
  assertOnce(entries, ({ entry }) => `${encodeHex(entry.logId)} ${entry.logIndex} ${entry.encodedBody}`, 'log entry');
}

/** The entries are about this content by this signer. */
async function assertEntryBodies(
  { signer, content, logEntries }: Bundle,
  key: Promise<VerificationKey>,
): Promise<void> {
  const { subjectKey } = await key;
  const bytes = signer.kind === 'certificate' ? signer.certificates[0].bytes : subjectKey.spki;
  const signed = { content, verifier: { kind: signer.kind, bytes }, subjectKey };
  for (const entry of logEntries) await assertEntryBody(entry, signed);
}
