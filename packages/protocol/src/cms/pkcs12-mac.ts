/** The MAC around PKCS#12 (RFC 7292, 4 and appendix B; RFC 9579 for PBMAC1). */
import type { DerReader } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { type DerValue, integer, octetString, sequence } from '../asn1/writer.ts';
import { iterateSha256 } from '../bytes/sha256.ts';
import { TrustError } from '../errors.ts';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  assertNullParameters,
  readAlgorithmIdentifier,
} from '../keys/algorithm-identifier.ts';
import { hashes } from '../keys/signature-algorithm.ts';
import { encodeUtf16, type IterationBudget, refusePassword } from './password.ts';
import { derivePbkdf2, openParameters, type PasswordHash, readHmac, readPbkdf2 } from './password-encryption.ts';

const pbmac1 = '1.2.840.113549.1.5.14';

interface MacHash {
  readonly oid: string;
  /** Octets that it takes at once. */
  readonly blockBytes: number;
  /** What a round costs, in rounds of PBKDF2. */
  readonly cost: number;
}

const macHashes: Readonly<Record<PasswordHash, MacHash>> = {
  'SHA-1': { oid: '1.3.14.3.2.26', blockBytes: 64, cost: 50 },
  'SHA-256': { oid: hashes['SHA-256'].oid, blockBytes: 64, cost: 2 },
  'SHA-384': { oid: hashes['SHA-384'].oid, blockBytes: 128, cost: 50 },
  'SHA-512': { oid: hashes['SHA-512'].oid, blockBytes: 128, cost: 50 },
};

/** What a file says about its MAC. */
export interface MacData {
  readonly identifier: AlgorithmIdentifier;
  readonly digest: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
}

/** MacData. Throws `malformed`. */
export function readMacData(reader: DerReader): MacData {
  const inner = reader.readSequence();
  const digestInfo = inner.readSequence();
  const identifier = readAlgorithmIdentifier(digestInfo);
  const digest = digestInfo.readOctetString();
  digestInfo.assertEnd();
  const salt = inner.readOctetString();
  const iterations = inner.readOptional(tags.integer, (one) => one.readSmallInteger()) ?? 1;
  inner.assertEnd();
  return { identifier, digest, salt, iterations };
}

/**
 * Throws `password_wrong` unless `mac` is over `content` under the password; `algorithm_unsupported` for MD5 and its like,
 * `too_large` when `budget` is spent.
 */
export async function verifyMac(
  content: Uint8Array<ArrayBuffer>,
  { mac, password, budget }: { readonly mac: MacData; readonly password: string; readonly budget: IterationBudget },
): Promise<void> {
  const { hash, keys } =
    mac.identifier.oid === pbmac1 ? deriveModern(mac, password, budget) : deriveClassic(mac, password, budget);
  for await (const raw of keys) {
    const key = await importHmacKey(raw, hash, 'verify');
    if (await globalThis.crypto.subtle.verify('HMAC', key, mac.digest, content)) return;
  }
  throw refusePassword();
}

interface Derivation {
  readonly hash: PasswordHash;
  readonly keys: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** An empty password is two octets of zero (RFC 7292, B.1), and for some writers none at all. */
function deriveClassic(mac: MacData, password: string, budget: IterationBudget): Derivation {
  const [hash] = Object.entries(macHashes).find(([, { oid }]) => oid === mac.identifier.oid) ?? [];
  if (!hash)
    throw new TrustError('algorithm_unsupported', `expected a MAC with SHA-1 or SHA-2, got ${mac.identifier.oid}`);
  assertNullParameters(mac.identifier);
  const parameters = { hash: hash as PasswordHash, salt: mac.salt, iterations: mac.iterations };
  const terminated = encodeUtf16(`${password}\0`);
  const readings = password === '' ? [terminated, new Uint8Array(0)] : [terminated];
  return { hash: parameters.hash, keys: deriveEach(readings, parameters, budget) };
}

async function* deriveEach(
  readings: readonly Uint8Array<ArrayBuffer>[],
  parameters: KeyParameters,
  budget: IterationBudget,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  for (const octets of readings) {
    budget.spend(parameters.iterations * macHashes[parameters.hash].cost);
    yield await derivePkcs12Key(octets, parameters);
  }
}

/** RFC 9579, 4: PBMAC1, whose own parameters hold; salt and iterations beside it mean nothing. */
function deriveModern({ identifier }: MacData, password: string, budget: IterationBudget): Derivation {
  const parameters = openParameters(identifier, pbmac1, 'PBMAC1');
  const { statedBytes = 0, ...derivation } = readPbkdf2(parameters);
  const hash = readHmac(parameters);
  parameters.assertEnd();
  // RFC 9579, 5: the length stands there, and is the digest's.
  if (statedBytes < 20 || statedBytes > 64) throw new TrustError('malformed', 'expected a MAC key of 20 to 64 octets');
  budget.spend(derivation.iterations);
  const derive = async function* (): AsyncIterable<Uint8Array<ArrayBuffer>> {
    yield await derivePbkdf2({ password, keyBytes: statedBytes, ...derivation });
  };
  return { hash, keys: derive() };
}

/** MacData over `content`: HMAC-SHA-256 under a key of the classic derivation, which every reader knows. */
export async function createMacData(
  content: Uint8Array<ArrayBuffer>,
  password: string,
  iterations: number,
): Promise<DerValue> {
  const salt = globalThis.crypto.getRandomValues(new Uint8Array(16));
  const raw = await derivePkcs12Key(encodeUtf16(`${password}\0`), { hash: 'SHA-256', salt, iterations });
  const key = await importHmacKey(raw, 'SHA-256', 'sign');
  const digest = new Uint8Array(await globalThis.crypto.subtle.sign('HMAC', key, content));
  const algorithm = algorithmIdentifier(hashes['SHA-256'].oid, 'null');
  return sequence(sequence(algorithm, octetString(digest)), octetString(salt), integer(iterations));
}

function importHmacKey(raw: Uint8Array<ArrayBuffer>, hash: PasswordHash, usage: 'sign' | 'verify'): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash }, false, [usage]);
}

interface KeyParameters {
  readonly hash: PasswordHash;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** RFC 7292, B.2 for keys of one digest: identifier, salt and password fill blocks, and are hashed again and again. */
export async function derivePkcs12Key(
  password: Uint8Array,
  { hash, salt, iterations }: KeyParameters,
): Promise<Uint8Array<ArrayBuffer>> {
  const { blockBytes } = macHashes[hash];
  const macKey = 3;
  const first = [new Uint8Array(blockBytes).fill(macKey), repeat(salt, blockBytes), repeat(password, blockBytes)];
  let digest = await digestOf(hash, Uint8Array.from(first.flatMap((part) => [...part])));
  for (let done = 1; done < iterations; ) {
    const rounds = Math.min(iterations - done, roundsAtOnce);
    // The platform's hash is slow to call, and lets others run meanwhile: one round of each slice is enough.
    if (hash === 'SHA-256') digest = iterateSha256(digest, rounds - 1);
    digest = await digestOf(hash, digest);
    done += hash === 'SHA-256' ? rounds : 1;
  }
  return digest;
}

/** About ten milliseconds. */
const roundsAtOnce = 4096;

async function digestOf(hash: PasswordHash, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await globalThis.crypto.subtle.digest(hash, bytes));
}

/** Copies of `bytes` until whole blocks are full; nothing stays nothing (RFC 7292, B.2, 2 and 3). */
function repeat(bytes: Uint8Array, blockBytes: number): Uint8Array {
  const filled = new Uint8Array(Math.ceil(bytes.length / blockBytes) * blockBytes);
  for (let at = 0; at < filled.length; at += bytes.length) filled.set(bytes.subarray(0, filled.length - at), at);
  return filled;
}
