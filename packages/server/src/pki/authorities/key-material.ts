/** A private key with its certificates, as other authorities hand them over: PEM (RFC 7468) or PKCS#12 (RFC 7292). */
import { createPrivateKey } from 'node:crypto';
import { type PemBlock, parsePem } from '@signpost/protocol/asn1/pem';
import { decryptPrivateKey, encryptedKeyLabel } from '@signpost/protocol/cms/encrypted-key';
import { parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../errors.ts';

/** The file, and the password that it is under. */
export interface KeyMaterialFile {
  /** Key and certificates in PEM; either this or `pkcs12`. */
  readonly pem?: string | undefined;
  readonly pkcs12?: Uint8Array<ArrayBuffer> | undefined;
  readonly password?: string | undefined;
}

/** What is in it. Nothing is verified. */
export interface KeyMaterial {
  /** PKCS#8, which the caller wipes. */
  readonly pkcs8: Uint8Array<ArrayBuffer>;
  readonly certificates: readonly Certificate[];
}

/** The longest PEM text read, in characters. */
export const maxPemCharacters: number = 512 * 1024;
const maxCertificates = 32;

/** The certificates of a PEM text, other blocks passed over. Throws TrustError, and `invalid` when there is none, or more than 32. */
export function parseCertificates(pem: string): readonly Certificate[] {
  return readCertificates(parsePem(pem, maxPemCharacters));
}

/**
 * The one key of a file and its certificates. Throws TrustError (`password_wrong`, `malformed`, `algorithm_unsupported`,
 * `too_large`), and `invalid` for a file with another number of keys, or with a key under a password and none given.
 */
export async function openKeyMaterial({ pem, pkcs12, password }: KeyMaterialFile): Promise<KeyMaterial> {
  if ((pem === undefined) === (pkcs12 === undefined)) {
    throw new Refusal('invalid', 'expected either PEM or PKCS#12', { rule: 'key-material' });
  }
  return pkcs12 ? openPkcs12(pkcs12, password ?? '') : openPem(pem ?? '', password);
}

async function openPkcs12(bytes: Uint8Array<ArrayBuffer>, password: string): Promise<KeyMaterial> {
  const { keys, certificates } = await parsePkcs12(bytes, password);
  const [key, ...others] = keys;
  if (!key || others.length > 0) throw wrongKeys(keys.length);
  if (certificates.length === 0 || certificates.length > maxCertificates) throw wrongCertificates(certificates.length);
  return { pkcs8: key.pkcs8, certificates: certificates.map((one) => parseCertificate(one.bytes)) };
}

async function openPem(text: string, password: string | undefined): Promise<KeyMaterial> {
  const blocks = parsePem(text, maxPemCharacters);
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const [key, ...others] = keys;
  if (!key || others.length > 0) throw wrongKeys(keys.length);
  const certificates = readCertificates(blocks);
  return { pkcs8: await openKey(key, password), certificates };
}

async function openKey({ label, bytes }: PemBlock, password: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  switch (label) {
    case 'PRIVATE KEY':
      return bytes;
    case encryptedKeyLabel:
      if (password !== undefined) return decryptPrivateKey(bytes, password);
      throw new Refusal('invalid', 'expected the password of the key', { rule: 'password-needed' });
    case 'EC PRIVATE KEY':
      return convertKey(bytes, 'sec1');
    case 'RSA PRIVATE KEY':
      return convertKey(bytes, 'pkcs1');
    default:
      throw new Refusal('invalid', `expected a key in PKCS#8, got ${label}`, {
        rule: 'key-material',
        hint: 'openssl pkcs8 -topk8 -in key.pem -out key8.pem',
      });
  }
}

function convertKey(bytes: Uint8Array<ArrayBuffer>, type: 'sec1' | 'pkcs1'): Uint8Array<ArrayBuffer> {
  try {
    const key = createPrivateKey({ key: Buffer.from(bytes), format: 'der', type });
    return new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));
  } catch (cause) {
    throw new Refusal('invalid', 'expected a private key that can be used', { rule: 'key-material', cause });
  }
}

function readCertificates(blocks: readonly PemBlock[]): readonly Certificate[] {
  const found = blocks.filter(({ label }) => label === 'CERTIFICATE');
  if (found.length === 0 || found.length > maxCertificates) throw wrongCertificates(found.length);
  return found.map(({ bytes }) => parseCertificate(bytes));
}

function wrongKeys(count: number): Refusal {
  return new Refusal('invalid', `expected one private key, got ${count}`, { rule: 'key-material' });
}

function wrongCertificates(count: number): Refusal {
  return new Refusal('invalid', `expected 1 to ${maxCertificates} certificates, got ${count}`, {
    rule: 'no-certificate',
  });
}
