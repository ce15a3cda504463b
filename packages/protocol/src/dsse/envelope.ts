/** DSSE envelopes (secure-systems-lab/dsse, envelope.md, version 1.0), parsed and not verified: see `verifyEnvelope`. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { assertMembers, isPresent, parseArray, parseObject, parseString } from '../json/fields.ts';
import { parseDocument } from '../json/parse.ts';

/** The largest payload, in bytes. */
export const maxPayloadBytes: number = 4 * 1024 * 1024;
/** The most signatures of one envelope. */
export const maxEnvelopeSignatures = 64;
const maxEnvelopeBytes = 6 * 1024 * 1024;
const maxKeyIdCharacters = 1024;
/** RSA 8192 takes 1,024. */
const maxSignatureBytes = 4096;

/** A signed payload as it says it is. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** At least one. */
  readonly signatures: readonly EnvelopeSignature[];
}

/** One signature. */
export interface EnvelopeSignature {
  /** A hint which key it is by, not authenticated; empty when there is none. */
  readonly keyId: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Parses the JSON form. Throws `too_large` above a limit, otherwise `malformed` or `not_canonical`. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  return interpretEnvelope(parseDocument(bytes, maxEnvelopeBytes));
}

/** The same for an envelope inside of parsed JSON. Members that are unknown are refused: nothing authenticates them. */
export function interpretEnvelope(value: SignableValue | undefined): Envelope {
  const object = parseObject(value, 'the envelope');
  assertMembers(object, ['payload', 'payloadType', 'signatures'], 'the envelope');
  const payloadType = parseString(object, 'payloadType');
  if (payloadType === '') throw new TrustError('malformed', 'expected a payload type');
  const payload = parseBytes(object, 'payload', maxPayloadBytes);
  const signatures = parseArray(object, 'signatures');
  if (signatures.length > maxEnvelopeSignatures) {
    throw new TrustError('too_large', `expected at most ${maxEnvelopeSignatures} signatures, got ${signatures.length}`);
  }
  if (signatures.length === 0) throw new TrustError('malformed', 'expected at least one signature');
  return { payloadType, payload, signatures: signatures.map(interpretSignature) };
}

function interpretSignature(value: SignableValue): EnvelopeSignature {
  const object = parseObject(value, 'a signature');
  assertMembers(object, ['keyid', 'sig'], 'a signature');
  const keyId = isPresent(object, 'keyid') ? parseString(object, 'keyid', maxKeyIdCharacters) : '';
  const signature = parseBytes(object, 'sig', maxSignatureBytes);
  if (signature.length === 0) throw new TrustError('malformed', 'expected a signature, got an empty one');
  return { keyId, signature };
}

function parseBytes(object: SignableObject, name: string, maxBytes: number): Uint8Array<ArrayBuffer> {
  return parseBase64(parseString(object, name, Math.ceil(maxBytes / 3) * 4));
}

/** What is signed: type and payload with their lengths, so that neither can pass for a part of the other. */
export function encodePae(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const type = encodeText(payloadType);
  const head = encodeText(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  const encoded = new Uint8Array(head.length + payload.length);
  encoded.set(head);
  encoded.set(payload, head.length);
  return encoded;
}

/** The JSON form of an envelope. */
export function encodeEnvelope({ payloadType, payload, signatures }: Envelope): string {
  return JSON.stringify({
    payload: encodeBase64(payload),
    payloadType,
    signatures: signatures.map(({ keyId, signature }) => ({
      ...(keyId !== '' && { keyid: keyId }),
      sig: encodeBase64(signature),
    })),
  });
}
