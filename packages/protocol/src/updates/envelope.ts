/** The envelope of signed update documents: `{"<name>": {...}, "signature": b64, "signatures": [{"key_id", "sig"}]}`. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonical, encodeCanonicalText, type SignableObject, type SignableValue } from '../json/canonical.ts';
import { parseArray, parseObject, parsePattern, parseString } from '../json/fields.ts';
import { parseSignable } from '../json/parse.ts';
import { isSignature, type PublicKey, type Signer } from '../keys/ed25519.ts';

/** One signature with the id of the key that claims it. */
export interface DocumentSignature {
  readonly keyId: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** A signed document, parsed and not verified. */
export interface Envelope {
  readonly document: SignableObject;
  /** The canonical bytes of `document`: what the signatures are over. */
  readonly signedBytes: Uint8Array<ArrayBuffer>;
  /** The signature that clients of the older format verify. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /** The key that `signatures` lists `signature` under; absent when the sender knows only the older format. */
  readonly signer: string | undefined;
  /** All signatures, each key once. Empty when the sender knows only the older format. */
  readonly signatures: readonly DocumentSignature[];
  /** What the sender says of the transparency log, beside the document: unsigned and unread. */
  readonly log: SignableValue | undefined;
  /** The canonical text of the whole envelope, as it may be stored and served. */
  readonly text: string;
}

/** The lower-case hex SHA-256 pattern of key ids and digests. */
export const sha256Pattern: RegExp = /^[0-9a-f]{64}$/;

/** The most signatures that an envelope may carry. */
export const maxSignatures = 32;

/** Parses an envelope whose document stands under `name`. Throws `malformed`, `not_canonical`, `too_large`. */
export function parseEnvelope(bytes: Uint8Array, name: string, limitBytes: number): Envelope {
  return readEnvelope(parseObject(parseSignable(bytes, limitBytes), 'the envelope'), name);
}

/** The same for an envelope that is parsed already, such as one inside another document. */
export function readEnvelope(envelope: SignableObject, name: string): Envelope {
  return openEnvelope(envelope, parseObject(envelope[name], name));
}

/**
 * Parses a document that carries its signatures among its own members: what is signed is the rest of them, so that clients
 * which know no signatures read the document where it always stood.
 */
export function parseSelfSigned(bytes: Uint8Array, limitBytes: number): Envelope {
  const envelope = parseObject(parseSignable(bytes, limitBytes), 'the document');
  const { signature: _, signatures: __, ...document } = envelope;
  return openEnvelope(envelope, document);
}

function openEnvelope(envelope: SignableObject, document: SignableObject): Envelope {
  const signature = parseSignatureText(parseString(envelope, 'signature'));
  const signatures = envelope.signatures === undefined ? undefined : parseSignatures(envelope);
  return {
    document,
    signedBytes: encodeCanonical(document),
    signature,
    signer: signatures && findSigner(signature, signatures, document),
    signatures: signatures ?? [],
    log: envelope.log,
    text: encodeCanonicalText(envelope),
  };
}

/** Clients of the older format see `signature` alone: were it not one of `signatures`, the two kinds would disagree. */
function findSigner(signature: Uint8Array, signatures: readonly DocumentSignature[], document: SignableObject): string {
  const text = encodeHex(signature);
  const same = signatures.filter((entry) => encodeHex(entry.signature) === text);
  const signer = same.find(({ keyId }) => keyId === document.key_id) ?? same[0];
  if (!signer) throw new TrustError('malformed', 'expected "signature" to be one of "signatures"');
  return signer.keyId;
}

function parseSignatures(envelope: SignableObject): DocumentSignature[] {
  const items = parseArray(envelope, 'signatures');
  if (items.length > maxSignatures) {
    throw new TrustError('too_large', `expected at most ${maxSignatures} signatures, got ${items.length}`);
  }
  const signatures = items.map((item) => {
    const entry = parseObject(item, 'a signature');
    return {
      keyId: parsePattern(entry, 'key_id', sha256Pattern, 'a SHA-256 in hex'),
      signature: parseSignatureText(parseString(entry, 'sig')),
    };
  });
  if (new Set(signatures.map(({ keyId }) => keyId)).size !== signatures.length) {
    throw new TrustError('malformed', 'expected each key to sign once');
  }
  return signatures;
}

function parseSignatureText(text: string): Uint8Array<ArrayBuffer> {
  const signature = parseBase64(text);
  if (signature.length !== 64)
    throw new TrustError('malformed', `expected a 64-byte signature, got ${signature.length}`);
  return signature;
}

/** The ids of those `keys` whose signatures verify, in the order of `keys`. A wrong signature counts as none. */
export async function collectSigners(envelope: Envelope, keys: readonly PublicKey[]): Promise<readonly string[]> {
  const signers: string[] = [];
  for (const key of keys) {
    const named = envelope.signatures.find(({ keyId }) => keyId === key.keyId);
    // An envelope of the older format has one signature without a name: it may be any key's.
    const signature = named?.signature ?? (envelope.signatures.length === 0 ? envelope.signature : undefined);
    if (signature && (await isSignature(key, signature, envelope.signedBytes))) signers.push(key.keyId);
  }
  return signers;
}

/** Signs `document` with every signer. See `encodeEnvelope` for which one stands first. */
export async function signEnvelope(
  name: string,
  document: SignableObject,
  signers: readonly Signer[],
): Promise<string> {
  const bytes = encodeCanonical(document);
  const entries = await Promise.all(
    signers.map(async (signer) => ({ key_id: signer.keyId, sig: encodeBase64(await signer.sign(bytes)) })),
  );
  return encodeEnvelope(name, document, entries);
}

/**
 * Puts an envelope together from signatures made elsewhere. Clients of the older format verify that of the document's own
 * `key_id`, or the first one when the document names no key. Throws TypeError without any.
 */
export function encodeEnvelope(
  name: string,
  document: SignableObject,
  signatures: readonly { readonly key_id: string; readonly sig: string }[],
): string {
  const [first] = signatures;
  if (!first) throw new TypeError('expected at least one signature');
  const main = signatures.find(({ key_id }) => key_id === document.key_id) ?? first;
  return encodeCanonicalText({ [name]: document, signature: main.sig, signatures });
}

/** The lower-case hex SHA-256 of `bytes`. */
export async function digestHex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return encodeHex(new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes)));
}
