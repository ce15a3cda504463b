/** Entries of Rekor, v1 (sigstore/rekor, pkg/types) and v2 (sigstore/rekor-tiles, api/proto): held field by field against the bundle that they stand in. */
import { encodePem, parsePem } from '../asn1/pem.ts';
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { isSameBytes } from '../bytes/compare.ts';
import { encodeHex } from '../bytes/hex.ts';
import { encodeText, parseText } from '../bytes/text.ts';
import { encodePae } from '../dsse/envelope.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { assertMembers, isPresent, parseArray, parseObject, parseString } from '../json/fields.ts';
import { parseDocument } from '../json/parse.ts';
import { digestBytes } from '../keys/digest.ts';
import type { HashName } from '../keys/signature-algorithm.ts';
import type { SubjectKey } from '../keys/subject-key.ts';
import type { BundleContent } from './bundle.ts';
import type { BundleLogEntry } from './bundle-log-entry.ts';
import { parseHashAlgorithm, parseShortHashName } from './hash-names.ts';
import { isDetailedKey } from './key-details.ts';

/** Whose signature, and over what: as the bundle says it, and as an entry must say it too. */
export interface SignedContent {
  readonly content: BundleContent;
  /** The certificate, DER; or the public key, as SubjectPublicKeyInfo. */
  readonly verifier: { readonly kind: 'certificate' | 'key'; readonly bytes: Uint8Array };
  readonly subjectKey: SubjectKey;
}

const maxTextCharacters = 8 * 1024 * 1024;

/**
 * Throws `log_entry_mismatch` unless the entry is about this signature by this signer, and `malformed` for a body that is not
 * as its kind says, or has members that are unknown.
 */
export async function assertEntryBody({ kind, body }: BundleLogEntry, signed: SignedContent): Promise<void> {
  const object = parseObject(parseDocument(body, body.length), 'the entry');
  assertMembers(object, ['apiVersion', 'kind', 'spec'], 'the entry');
  assertEqual(`${parseString(object, 'kind')}/${parseString(object, 'apiVersion')}`, kind, 'kind and version');
  const spec = parseObject(object.spec, 'spec');
  switch (kind) {
    case 'hashedrekord/0.0.1':
      return assertHashedRekord(spec, signed);
    case 'dsse/0.0.1':
      return assertDsse(spec, signed);
    case 'intoto/0.0.2':
      return assertIntoto(spec, signed);
    case 'hashedrekord/0.0.2':
      return assertHashedRekordV2(spec, signed);
  }
}

function assertHashedRekord(spec: SignableObject, { content, ...signed }: SignedContent): void {
  if (content.kind !== 'message') throw mismatch('an entry for an envelope', 'one for a message');
  assertMembers(spec, ['data', 'signature'], 'spec');
  const { hash } = readObject(spec, 'data', ['hash']);
  assertShortHash(hash, content);
  const signature = readObject(spec, 'signature', ['content', 'publicKey']);
  assertEqual(parseText64(signature, 'content'), encodeBase64(content.signature), 'the signature');
  const publicKey = readObject(signature, 'publicKey', ['content']);
  assertPem(parseText64(publicKey, 'content'), signed);
}

/** The envelope's own hash is over the text that the log was sent, which nobody has any more. */
async function assertDsse(spec: SignableObject, { content, ...signed }: SignedContent): Promise<void> {
  if (content.kind !== 'envelope') throw mismatch('an entry for a message', 'one for an envelope');
  assertMembers(spec, ['envelopeHash', 'payloadHash', 'signatures'], 'spec');
  await assertPayloadHash(spec.payloadHash, content.envelope.payload);
  const entry = readOnly(spec, 'signatures', ['signature', 'verifier']);
  assertEqual(parseText64(entry, 'signature'), encodeBase64(content.signature), 'the signature');
  assertPem(parseText64(entry, 'verifier'), signed);
}

async function assertIntoto(spec: SignableObject, { content, ...signed }: SignedContent): Promise<void> {
  if (content.kind !== 'envelope') throw mismatch('an entry for a message', 'one for an envelope');
  assertMembers(spec, ['content'], 'spec');
  const { envelope: value, payloadHash } = readObject(spec, 'content', ['envelope', 'hash', 'payloadHash']);
  await assertPayloadHash(payloadHash, content.envelope.payload);
  const envelope = parseObject(value, 'envelope');
  assertMembers(envelope, ['payload', 'payloadType', 'signatures'], 'envelope');
  assertEqual(parseString(envelope, 'payloadType'), content.envelope.payloadType, 'the payload type');
  // The log keeps base64 of base64, and mostly no payload.
  const payload = isPresent(envelope, 'payload') ? parseText64(envelope, 'payload') : undefined;
  if (payload !== undefined) assertEqual(payload, encodeTwice(content.envelope.payload), 'the payload');
  const entry = readOnly(envelope, 'signatures', ['keyid', 'publicKey', 'sig']);
  assertEqual(parseText64(entry, 'sig'), encodeTwice(content.signature), 'the signature');
  assertPem(parseText64(entry, 'publicKey'), signed);
}

async function assertHashedRekordV2(
  spec: SignableObject,
  { content, verifier, subjectKey }: SignedContent,
): Promise<void> {
  assertMembers(spec, ['hashedRekordV002'], 'spec');
  const { data: value, signature: signatureValue } = readObject(spec, 'hashedRekordV002', ['data', 'signature']);
  const data = parseObject(value, 'data');
  assertMembers(data, ['algorithm', 'digest'], 'data');
  const hash = parseHashAlgorithm(parseString(data, 'algorithm'));
  const expected = await digestContent(content, hash);
  assertEqual(parseString(data, 'digest'), encodeBase64(expected), 'the digest');
  const signature = parseObject(signatureValue, 'signature');
  assertMembers(signature, ['content', 'verifier'], 'signature');
  assertEqual(parseText64(signature, 'content'), encodeBase64(content.signature), 'the signature');
  const member = verifier.kind === 'certificate' ? 'x509Certificate' : 'publicKey';
  const details = readObject(signature, 'verifier', ['keyDetails', member]);
  const raw = readObject(details, member, ['rawBytes']);
  assertEqual(parseText64(raw, 'rawBytes'), encodeBase64(verifier.bytes), 'the signer');
  const keyDetails = parseString(details, 'keyDetails');
  if (!isDetailedKey(keyDetails, subjectKey, hash))
    throw mismatch("the signer's key", `one of ${keyDetails.slice(0, 60)}`);
}

/** What a Rekor v2 entry has the digest of: the message, or what the envelope's signature is over. */
async function digestContent(content: BundleContent, hash: HashName): Promise<Uint8Array> {
  if (content.kind === 'message') {
    if (content.hash !== hash) throw mismatch(`a digest by ${content.hash}`, `one by ${hash}`);
    return content.digest;
  }
  const { payloadType, payload } = content.envelope;
  return digestBytes(hash, encodePae(payloadType, payload));
}

function assertShortHash(
  value: SignableValue | undefined,
  content: BundleContent & { readonly kind: 'message' },
): void {
  const object = parseObject(value, 'hash');
  assertMembers(object, ['algorithm', 'value'], 'hash');
  const hash = parseShortHashName(parseString(object, 'algorithm'));
  if (hash !== content.hash) throw mismatch(`a digest by ${content.hash}`, `one by ${hash}`);
  assertEqual(parseString(object, 'value'), encodeHex(content.digest), 'the digest');
}

async function assertPayloadHash(value: SignableValue | undefined, payload: Uint8Array<ArrayBuffer>): Promise<void> {
  const object = parseObject(value, 'payloadHash');
  assertMembers(object, ['algorithm', 'value'], 'payloadHash');
  const hash = parseShortHashName(parseString(object, 'algorithm'));
  assertEqual(parseString(object, 'value'), encodeHex(await digestBytes(hash, payload)), 'the digest of the payload');
}

/** The signer in PEM, in base64: one block, which is the certificate or the key that the bundle is verified with. */
function assertPem(text: string, { verifier }: Pick<SignedContent, 'verifier'>): void {
  const label = verifier.kind === 'certificate' ? 'CERTIFICATE' : 'PUBLIC KEY';
  // The log writes PEM anew, always alike; what others may have written is read.
  if (text === encodeBase64(encodeText(encodePem(label, verifier.bytes)))) return;
  const [block, ...others] = parsePem(parseText(parseBase64(text)), text.length);
  if (block?.label !== label || others.length > 0) throw mismatch(`one PEM block ${label}`, block?.label ?? 'none');
  if (!isSameBytes(block.bytes, verifier.bytes)) throw mismatch('the signer of the bundle', 'another');
}

/** The public key that an entry shows, as SubjectPublicKeyInfo; nothing when it shows a certificate. Throws `malformed`, and `log_entry_mismatch`. */
export function readEntryKey({ kind, body }: BundleLogEntry): Uint8Array<ArrayBuffer> | undefined {
  const spec = parseObject(parseObject(parseDocument(body, body.length), 'the entry').spec, 'spec');
  switch (kind) {
    case 'hashedrekord/0.0.1':
      return readPemKey(parseObject(parseObject(spec.signature, 'signature').publicKey, 'publicKey'), 'content');
    case 'dsse/0.0.1':
      return readPemKey(parseObject(parseArray(spec, 'signatures')[0], 'signatures'), 'verifier');
    case 'intoto/0.0.2': {
      const envelope = parseObject(parseObject(spec.content, 'content').envelope, 'envelope');
      return readPemKey(parseObject(parseArray(envelope, 'signatures')[0], 'signatures'), 'publicKey');
    }
    case 'hashedrekord/0.0.2': {
      const signature = parseObject(parseObject(spec.hashedRekordV002, 'hashedRekordV002').signature, 'signature');
      const verifier = parseObject(signature.verifier, 'verifier');
      if (!isPresent(verifier, 'publicKey')) return undefined;
      return parseBase64(parseText64(parseObject(verifier.publicKey, 'publicKey'), 'rawBytes'));
    }
  }
}

function readPemKey(object: SignableObject, name: string): Uint8Array<ArrayBuffer> | undefined {
  const text = parseText(parseBase64(parseText64(object, name)));
  const [block] = parsePem(text, text.length);
  return block?.label === 'PUBLIC KEY' ? block.bytes : undefined;
}

function readObject(parent: SignableObject, name: string, members: readonly string[]): SignableObject {
  const object = parseObject(parent[name], name);
  assertMembers(object, members, name);
  return object;
}

/** The only item of the array `name`. */
function readOnly(parent: SignableObject, name: string, members: readonly string[]): SignableObject {
  const items = parseArray(parent, name);
  if (items.length !== 1) throw mismatch(`one of ${name}`, String(items.length));
  const object = parseObject(items[0], name);
  assertMembers(object, members, name);
  return object;
}

function parseText64(object: SignableObject, name: string): string {
  return parseString(object, name, maxTextCharacters);
}

function encodeTwice(bytes: Uint8Array): string {
  return encodeBase64(encodeText(encodeBase64(bytes)));
}

function assertEqual(got: string, expected: string, what: string): void {
  if (got === expected) return;
  const [left, right] = [expected, got].map((text) => text.slice(0, 80));
  throw new TrustError('log_entry_mismatch', `expected ${what} of the entry to be ${left}, got ${right}`);
}

function mismatch(expected: string, got: string): TrustError {
  return new TrustError('log_entry_mismatch', `expected ${expected} in the log, got ${got}`);
}
