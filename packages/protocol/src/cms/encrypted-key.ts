/** Private keys under a password: EncryptedPrivateKeyInfo (RFC 5958, 3). */
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { type DerValue, encodeDer, octetString, sequence } from '../asn1/writer.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from '../keys/algorithm-identifier.ts';
import { parsePrivateKeyType } from '../keys/private-key.ts';
import { IterationBudget, refusePassword } from './password.ts';
import { decryptWithPassword, encryptWithPassword } from './password-encryption.ts';

/** The label of such a key in PEM (RFC 7468, 11). */
export const encryptedKeyLabel = 'ENCRYPTED PRIVATE KEY';

/** What OWASP asks for where people choose passwords: 0.1 to 0.3 seconds. */
const passphraseIterations = 600_000;
const maxEncryptedKeyBytes = 16 * 1024;

/** A key in PKCS#8, encrypted with a password that a person chose. */
export async function encryptPrivateKey(
  pkcs8: Uint8Array<ArrayBuffer>,
  password: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return encodeDer(await wrapKey(pkcs8, password, passphraseIterations));
}

/** The same as a value to write, with a chosen number of iterations. */
export async function wrapKey(pkcs8: Uint8Array<ArrayBuffer>, password: string, iterations: number): Promise<DerValue> {
  const { algorithm, ciphertext } = await encryptWithPassword(pkcs8, password, iterations);
  return sequence(algorithm, octetString(ciphertext));
}

/**
 * The PKCS#8 inside. Throws `password_wrong`, `algorithm_unsupported` for old ciphers and for keys that are not read here,
 * `too_large` or `malformed`.
 */
export async function decryptPrivateKey(
  bytes: Uint8Array<ArrayBuffer>,
  password: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const encryptedKey = parseDer(bytes, { maxBytes: maxEncryptedKeyBytes }, readEncryptedKey);
  return openEncryptedKey(encryptedKey, password, new IterationBudget());
}

/** A key under a password, as it stands. */
export interface EncryptedKey {
  readonly identifier: AlgorithmIdentifier;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

/** The EncryptedPrivateKeyInfo that comes next. Throws `malformed`. */
export function readEncryptedKey(reader: DerReader): EncryptedKey {
  const info = reader.readSequence();
  const identifier = readAlgorithmIdentifier(info);
  const ciphertext = info.readOctetString();
  info.assertEnd();
  return { identifier, ciphertext };
}

/** The PKCS#8 inside. Throws as `decryptPrivateKey` does. */
export async function openEncryptedKey(
  encryptedKey: EncryptedKey,
  password: string,
  budget: IterationBudget,
): Promise<Uint8Array<ArrayBuffer>> {
  const pkcs8 = await decryptWithPassword(encryptedKey, password, budget);
  assertKey(pkcs8);
  return pkcs8;
}

/** Padding that happens to be right betrays a wrong password only by what stands before it. */
function assertKey(pkcs8: Uint8Array<ArrayBuffer>): void {
  try {
    parsePrivateKeyType(pkcs8);
  } catch (cause) {
    if (pkcs8[0] === 0x30 && isUnsupported(cause)) throw cause;
    throw refusePassword(cause);
  }
}

function isUnsupported(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'algorithm_unsupported';
}
