/** Verifies DSSE envelopes under given keys (secure-systems-lab/dsse, protocol.md, version 1.0). */
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import type { SignatureAlgorithm } from '../keys/signature-algorithm.ts';
import type { VerificationKey } from '../keys/verification-key.ts';
import { type Envelope, encodePae } from './envelope.ts';

declare const verified: unique symbol;

/** An envelope that enough keys have signed. Only `verifyEnvelope` makes one. */
export interface VerifiedEnvelope {
  readonly [verified]: true;
  readonly payloadType: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Those whose signatures were found, in their order. */
  readonly keys: readonly EnvelopeKey[];
}

/** A key that may sign, and how it does. */
export interface EnvelopeKey {
  readonly key: VerificationKey;
  readonly algorithm: SignatureAlgorithm;
}

/** What an envelope must be good for. */
export interface EnvelopeRequirements {
  readonly payloadType: string;
  readonly keys: readonly EnvelopeKey[];
  /** How many different keys must have signed; 1 by default. */
  readonly threshold?: number;
}

/**
 * The payload, once `threshold` of the keys have signed it. The signatures' key ids are not looked at. Throws `malformed`
 * for another payload type, and `bad_signature` when too few keys have signed.
 */
export async function verifyEnvelope(
  envelope: Envelope,
  { payloadType, keys, threshold = 1 }: EnvelopeRequirements,
): Promise<VerifiedEnvelope> {
  if (!(threshold >= 1)) throw new TypeError(`expected a threshold of at least 1, got ${threshold}`);
  if (envelope.payloadType !== payloadType) {
    throw new TrustError('malformed', `expected a payload of type ${payloadType}, got ${envelope.payloadType}`);
  }
  const message = encodePae(envelope.payloadType, envelope.payload);
  const found: EnvelopeKey[] = [];
  for (const candidate of distinctKeys(keys)) {
    if (await hasSigned(candidate, envelope, message)) found.push(candidate);
  }
  if (found.length < threshold) {
    throw new TrustError('bad_signature', `expected signatures by ${threshold} of the keys, got ${found.length}`);
  }
  return { payloadType, payload: envelope.payload, keys: found } as unknown as VerifiedEnvelope;
}

/** The same key twice would count twice. */
function distinctKeys(keys: readonly EnvelopeKey[]): Iterable<EnvelopeKey> {
  return new Map(keys.map((one) => [encodeHex(one.key.subjectKey.spki), one])).values();
}

async function hasSigned(
  { key, algorithm }: EnvelopeKey,
  { signatures }: Envelope,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  for (const { signature } of signatures) {
    try {
      await key.verify({ algorithm, message, signature });
      return true;
    } catch (error) {
      // Another key's signature may be of another form; programming mistakes go on up.
      if (!(error instanceof TrustError)) throw error;
    }
  }
  return false;
}
