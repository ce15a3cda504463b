/** Encryption under a password: PBES2 with PBKDF2 and AES-CBC (RFC 8018, 6.2). Older schemes are refused by their names. */
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { type DerValue, integer, octetString, sequence } from '../asn1/writer.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  assertNullParameters,
  readAlgorithmIdentifier,
} from '../keys/algorithm-identifier.ts';
import type { HashName } from '../keys/signature-algorithm.ts';
import { type IterationBudget, refusePassword } from './password.ts';

/** Hash functions inside HMAC, where SHA-1 is not broken: files of ten years ago use it. */
export type PasswordHash = HashName | 'SHA-1';

const oids = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256: '2.16.840.1.101.3.4.1.42',
} as const;

/** HMAC by its identifier (RFC 8018, B.1.2). */
export const hmacHashes: Readonly<Record<string, PasswordHash>> = {
  '1.2.840.113549.2.7': 'SHA-1',
  [oids.hmacSha256]: 'SHA-256',
  '1.2.840.113549.2.10': 'SHA-384',
  '1.2.840.113549.2.11': 'SHA-512',
};

/** AES-CBC by its identifier (RFC 3565), with the octets of its key. */
const ciphers: Readonly<Record<string, number>> = {
  '2.16.840.1.101.3.4.1.2': 16,
  '2.16.840.1.101.3.4.1.22': 24,
  [oids.aes256]: 32,
};

/** What is refused by its name, since its holder must hear what to convert. */
const legacyNames: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.12.1.1': 'RC4 of 128 bits',
  '1.2.840.113549.1.12.1.2': 'RC4 of 40 bits',
  '1.2.840.113549.1.12.1.3': 'triple DES',
  '1.2.840.113549.1.12.1.4': 'triple DES with two keys',
  '1.2.840.113549.1.12.1.5': 'RC2 of 128 bits',
  '1.2.840.113549.1.12.1.6': 'RC2 of 40 bits',
  '1.2.840.113549.1.5.1': 'DES with MD2',
  '1.2.840.113549.1.5.3': 'DES with MD5',
  '1.2.840.113549.1.5.4': 'RC2 with MD2',
  '1.2.840.113549.1.5.6': 'RC2 with MD5',
  '1.2.840.113549.1.5.10': 'DES with SHA-1',
  '1.2.840.113549.1.5.11': 'RC2 with SHA-1',
  '1.2.840.113549.3.7': 'triple DES',
  '1.2.840.113549.3.2': 'RC2',
  '1.3.14.3.2.7': 'DES',
  '1.3.6.1.4.1.11591.4.11': 'scrypt',
};

/** Bytes under a password, and the AlgorithmIdentifier that says how. */
export interface EncryptedBytes {
  readonly algorithm: DerValue;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

/** `plaintext` under AES-256-CBC, its key from PBKDF2 with HMAC-SHA-256 over the password in UTF-8. */
export async function encryptWithPassword(
  plaintext: Uint8Array<ArrayBuffer>,
  password: string,
  iterations: number,
): Promise<EncryptedBytes> {
  const salt = globalThis.crypto.getRandomValues(new Uint8Array(16));
  const iv = globalThis.crypto.getRandomValues(new Uint8Array(16));
  const raw = await derivePbkdf2({ password, hash: 'SHA-256', salt, iterations, keyBytes: 32 });
  const key = await importAesKey(raw, 'encrypt');
  const ciphertext = await globalThis.crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plaintext);
  const derivation = algorithmIdentifier(
    oids.pbkdf2,
    sequence(octetString(salt), integer(iterations), algorithmIdentifier(oids.hmacSha256, 'null')),
  );
  const cipher = algorithmIdentifier(oids.aes256, octetString(iv));
  return {
    algorithm: algorithmIdentifier(oids.pbes2, sequence(derivation, cipher)),
    ciphertext: new Uint8Array(ciphertext),
  };
}

/**
 * What `ciphertext` was before. Throws `password_wrong`, `algorithm_unsupported` for anything but PBES2 with PBKDF2 and
 * AES-CBC, `too_large` when `budget` is spent, otherwise `malformed`.
 */
export async function decryptWithPassword(
  {
    identifier,
    ciphertext,
  }: { readonly identifier: AlgorithmIdentifier; readonly ciphertext: Uint8Array<ArrayBuffer> },
  password: string,
  budget: IterationBudget,
): Promise<Uint8Array<ArrayBuffer>> {
  const { derivation, iv, keyBytes } = parseScheme(identifier);
  budget.spend(derivation.iterations);
  const key = await importAesKey(await derivePbkdf2({ password, ...derivation, keyBytes }), 'decrypt');
  const plaintext = globalThis.crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, ciphertext);
  return new Uint8Array(
    await plaintext.catch((cause) => {
      throw refusePassword(cause);
    }),
  );
}

function importAesKey(raw: Uint8Array<ArrayBuffer>, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey('raw', raw, 'AES-CBC', false, [usage]);
}

/** How PBKDF2 is done (RFC 8018, A.2). */
export interface Pbkdf2Parameters {
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
  /** Stated where the algorithm that takes the key has no length of its own. */
  readonly statedBytes: number | undefined;
  readonly hash: PasswordHash;
}

/** PBKDF2 over the password in UTF-8. */
export async function derivePbkdf2(
  derivation: Pick<Pbkdf2Parameters, 'hash' | 'salt' | 'iterations'> & {
    readonly password: string;
    readonly keyBytes: number;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const { password, keyBytes, hash, salt, iterations } = derivation;
  const { subtle } = globalThis.crypto;
  const key = await subtle.importKey('raw', encodeText(password), 'PBKDF2', false, ['deriveBits']);
  return new Uint8Array(await subtle.deriveBits({ name: 'PBKDF2', hash, salt, iterations }, key, keyBytes * 8));
}

function parseScheme(identifier: AlgorithmIdentifier): {
  readonly derivation: Pbkdf2Parameters;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly keyBytes: number;
} {
  const parameters = openParameters(identifier, oids.pbes2, 'PBES2');
  const derivation = readPbkdf2(parameters);
  const cipher = readAlgorithmIdentifier(parameters);
  parameters.assertEnd();
  const keyBytes = ciphers[cipher.oid];
  if (keyBytes === undefined) throw refuseScheme('AES in CBC mode', cipher.oid);
  const iv = cipher.parameters?.tag === tags.octetString ? cipher.parameters.content : undefined;
  if (iv?.length !== 16) throw new TrustError('malformed', 'expected an initialization vector of 16 octets');
  if (derivation.statedBytes !== undefined && derivation.statedBytes !== keyBytes) {
    throw new TrustError('malformed', `expected a key of ${keyBytes} octets, got ${derivation.statedBytes}`);
  }
  return { derivation, iv, keyBytes };
}

/** The parameters of a scheme that must be the one named. */
export function openParameters(identifier: AlgorithmIdentifier, oid: string, name: string): DerReader {
  if (identifier.oid !== oid) throw refuseScheme(name, identifier.oid);
  if (identifier.parameters?.tag !== tags.sequence) {
    throw new TrustError('malformed', `expected parameters of ${name}`);
  }
  const { bytes } = identifier.parameters;
  return parseDer(bytes, { maxBytes: 4096 }, (reader) => reader.readSequence());
}

function refuseScheme(expected: string, oid: string): TrustError {
  const got = legacyNames[oid] ?? `algorithm ${oid}`;
  return new TrustError('algorithm_unsupported', `expected ${expected}, got ${got}`);
}

/** PBKDF2 with its parameters, an AlgorithmIdentifier. Throws `algorithm_unsupported` or `malformed`. */
export function readPbkdf2(reader: DerReader): Pbkdf2Parameters {
  const parameters = openParameters(readAlgorithmIdentifier(reader), oids.pbkdf2, 'PBKDF2');
  const salt = parameters.readOctetString();
  const iterations = parameters.readSmallInteger();
  const statedBytes = parameters.readOptional(tags.integer, (one) => one.readSmallInteger());
  const hash = parameters.atEnd ? 'SHA-1' : readHmac(parameters);
  parameters.assertEnd();
  return { salt, iterations, statedBytes, hash };
}

/** HMAC by its AlgorithmIdentifier. */
export function readHmac(reader: DerReader): PasswordHash {
  const identifier = readAlgorithmIdentifier(reader);
  const hash = hmacHashes[identifier.oid];
  if (!hash) throw refuseScheme('HMAC with SHA-1 or SHA-2', identifier.oid);
  assertNullParameters(identifier);
  return hash;
}
