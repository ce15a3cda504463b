/** Signatures of OpenPGP over a digest (RFC 9580, 5.2.3.1 to 5.2.3.3): all its algorithms sign digests, Ed25519 too. */
import { TrustError } from '../errors.ts';
import { digestBytes } from '../keys/digest.ts';
import { verifyDigest } from '../keys/digest-signature.ts';
import { encodeEcdsaSignature } from '../keys/ecdsa-signature.ts';
import { curves } from '../keys/key-type.ts';
import type { SubjectKey } from '../keys/subject-key.ts';
import { importSubjectKey } from '../keys/verification-key.ts';
import { concatOctets, OctetReader } from './octets.ts';
import { keyAlgorithms, type OpenPgpKey, readSigningKey } from './public-key.ts';
import type { OpenPgpSignature } from './signature.ts';

/** Throws `bad_signature` unless `key` signed what has this digest; `algorithm_unsupported` and `malformed` for what it cannot have. */
export async function verifyOpenPgpDigest(
  key: OpenPgpKey,
  signature: OpenPgpSignature,
  digest: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const { hash, algorithm, digestStart, material } = signature;
  const subjectKey = readSigningKey(key);
  const isOwn = algorithm === key.algorithm && digestStart.every((octet, index) => octet === digest[index]);
  if (!isOwn) throw new TrustError('bad_signature', 'expected a signature by the OpenPGP key, got another');
  const raw = readMaterial(subjectKey, algorithm, material);
  if (subjectKey.kind !== 'ed25519') {
    const kind = subjectKey.kind === 'rsa' ? 'rsa-pkcs1' : 'ecdsa';
    verifyDigest(subjectKey, { algorithm: { kind, hash }, digest, signature: raw });
    return;
  }
  const imported = await importSubjectKey(subjectKey);
  await imported.verify({ algorithm: { kind: 'ed25519' }, message: digest, signature: raw });
}

/** The same for what is in memory: `signed` is all that stands in front of the trailer. */
export async function verifyOpenPgpBytes(
  key: OpenPgpKey,
  signature: OpenPgpSignature,
  signed: Uint8Array,
): Promise<void> {
  const digest = await digestBytes(signature.hash, concatOctets(signed, signature.trailer));
  await verifyOpenPgpDigest(key, signature, digest);
}

/** The signature as it stands elsewhere. */
function readMaterial(key: SubjectKey, algorithm: number, material: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const reader = new OctetReader(material);
  const read = () => {
    if (algorithm === keyAlgorithms.ed25519) return reader.readBytes(64);
    if (key.kind === 'rsa') return pad(reader.readInteger(key.modulusBits), key.modulus.length);
    const size = key.kind === 'ecdsa' ? curves[key.curve].bytes : 32;
    const pair = [reader.readInteger(8 * size), reader.readInteger(8 * size)].map((number) => pad(number, size));
    return key.kind === 'ecdsa' ? encodeEcdsaSignature(concatOctets(...pair)) : concatOctets(...pair);
  };
  const raw = read();
  reader.assertEnd();
  return raw;
}

function pad(number: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (number.length > size) throw new TrustError('malformed', `expected a number of at most ${size} octets`);
  return concatOctets(new Uint8Array(size - number.length), number);
}
