/** Signatures of files by SSH keys (OpenSSH's PROTOCOL.sshsig), which git makes of commits and tags. */
import { parsePemBlock } from '../asn1/pem.ts';
import { encodeHex } from '../bytes/hex.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeEcdsaSignature } from '../keys/ecdsa-signature.ts';
import { curves } from '../keys/key-type.ts';
import type { HashName, SignatureAlgorithm } from '../keys/signature-algorithm.ts';
import { importPublicKey } from '../keys/verification-key.ts';
import { parseSshPublicKey, type SshPublicKey } from './public-key.ts';
import { encodeSshString, SshReader } from './reader.ts';

/** A signature with the key that it says it is by. */
export interface SshSignature {
  readonly key: SshPublicKey;
  /** What the signature is for; git says `git`. */
  readonly namespace: string;
  /** What is signed is a hash of the message by this. */
  readonly hash: HashName;
  readonly reserved: Uint8Array<ArrayBuffer>;
  /** The signature blob of SSH. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Longer armor is refused, in characters: RSA of 8192 bits takes 2,900. */
const maxArmorCharacters = 16_384;
const magic = 'SSHSIG';

/** Parses the armored form. Throws `malformed`, `too_large`, `format_unsupported` for another version, `algorithm_unsupported`. */
export function parseSshSignature(armor: string): SshSignature {
  const reader = new SshReader(parsePemBlock(armor, 'SSH SIGNATURE', maxArmorCharacters));
  if (encodeHex(reader.readBytes(magic.length)) !== encodeHex(encodeText(magic))) {
    throw new TrustError('malformed', `expected ${magic}`);
  }
  const version = reader.readUint32();
  if (version !== 1) throw new TrustError('format_unsupported', `expected version 1 of ${magic}, got ${version}`);
  const key = parseSshPublicKey(reader.readString());
  const namespace = reader.readName();
  const reserved = reader.readString();
  const hash = readHash(reader.readName());
  const signature = reader.readString();
  reader.assertEnd();
  if (namespace === '') throw new TrustError('malformed', 'expected a namespace');
  return { key, namespace, hash, reserved, signature };
}

function readHash(name: string): HashName {
  if (name === 'sha256') return 'SHA-256';
  if (name === 'sha512') return 'SHA-512';
  throw new TrustError('algorithm_unsupported', 'expected SHA-256 or SHA-512');
}

/**
 * Throws `bad_signature` unless the key of the signature signed `message` for `namespace`. Whose key it is, is another question.
 * A security device must have been touched.
 */
export async function verifySshSignature(
  { key, namespace, hash, reserved, signature }: SshSignature,
  message: Uint8Array<ArrayBuffer>,
  expected: string,
): Promise<void> {
  if (namespace !== expected) throw new TrustError('bad_signature', `expected a signature for ${expected}`);
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest(hash, message));
  const parts = [encodeText(namespace), reserved, encodeText(hash.toLowerCase().replace('-', '')), digest];
  const signed = concat([encodeText(magic), ...parts.map(encodeSshString)]);
  const blob = readBlob(key, signature);
  const { spki } = key;
  const covered = blob.device ? await wrapForDevice(key, signed, blob.device) : signed;
  await (await importPublicKey(spki)).verify({ ...blob, message: covered });
}

interface Blob {
  readonly algorithm: SignatureAlgorithm;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What a security device adds: flags and counter. */
  readonly device: Uint8Array<ArrayBuffer> | undefined;
}

function readBlob(key: SshPublicKey, bytes: Uint8Array<ArrayBuffer>): Blob {
  const reader = new SshReader(bytes);
  const name = reader.readName();
  const algorithm = chooseAlgorithm(key, name);
  const raw = reader.readString();
  const device = key.application ? reader.readBytes(5) : undefined;
  reader.assertEnd();
  if (device && ((device[0] ?? 0) & 1) === 0)
    throw new TrustError('bad_signature', 'expected a device that was touched');
  return { algorithm, device, signature: key.curve ? convertEcdsa(raw, key.curve) : raw };
}

const ecdsaHashes = { 'P-256': 'SHA-256', 'P-384': 'SHA-384', 'P-521': 'SHA-512' } as const;

/** The name of an RSA signature is that of its hash (RFC 8332, 3); of SHA-1 there is none here. All others are called as their key. */
function chooseAlgorithm({ kind, curve, type }: SshPublicKey, name: string): SignatureAlgorithm {
  if (kind === 'rsa' && name === 'rsa-sha2-256') return { kind: 'rsa-pkcs1', hash: 'SHA-256' };
  if (kind === 'rsa' && name === 'rsa-sha2-512') return { kind: 'rsa-pkcs1', hash: 'SHA-512' };
  if (kind === 'rsa' || name !== type) {
    throw new TrustError('algorithm_unsupported', 'expected a signature of the kind of its key');
  }
  return curve ? { kind: 'ecdsa', hash: ecdsaHashes[curve] } : { kind: 'ed25519' };
}

/** Two numbers of SSH (RFC 5656, 3.1.2) as they stand elsewhere. */
function convertEcdsa(raw: Uint8Array<ArrayBuffer>, curve: keyof typeof ecdsaHashes): Uint8Array<ArrayBuffer> {
  const { bytes: size } = curves[curve];
  const reader = new SshReader(raw);
  const numbers = [reader.readPositive(), reader.readPositive()];
  reader.assertEnd();
  const pair = new Uint8Array(2 * size);
  for (const [index, number] of numbers.entries()) {
    if (number.length > size) throw new TrustError('malformed', `expected numbers of at most ${size} bytes`);
    pair.set(number, (index + 1) * size - number.length);
  }
  return encodeEcdsaSignature(pair);
}

/** PROTOCOL.u2f, "SSH U2F Signatures": the device signs hashes of the application and of what SSH would sign. */
async function wrapForDevice(
  { application = new Uint8Array() }: SshPublicKey,
  signed: Uint8Array<ArrayBuffer>,
  device: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const hash = async (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
  return concat([await hash(application), device, await hash(signed)]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
