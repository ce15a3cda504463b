/**
 * The folder of an offline certificate authority: `key.json` (locked), `root.pem`, `issued/<serial>.pem`, `crl/<number>.crl`.
 * Which certificates are revoked is not stored besides: the newest list says so.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePem, parsePemBlock } from '@signpost/protocol/asn1/pem';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { parseRevocationList, type RevocationList } from '@signpost/protocol/x509/revocation-list';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import { createFileAtomically, errorCodeOf } from '../files/atomic-write.ts';
import { Failure } from '../terminal/failure.ts';
import { type AuthorityKeyFile, parseAuthorityKeyFile } from './key-file.ts';

/** The folder, read and verified. */
export interface AuthorityFolder {
  readonly dir: string;
  readonly key: AuthorityKeyFile;
  readonly root: Certificate;
  readonly issued: readonly Certificate[];
  /** The newest list. */
  readonly list: RevocationList | undefined;
}

const maxPemCharacters = 512 * 1024;

/** Makes a folder around a new key and its certificate. Throws Failure when one is there. */
export async function createAuthorityFolder(dir: string, key: AuthorityKeyFile, root: Uint8Array): Promise<void> {
  await mkdir(join(dir, 'issued'), { recursive: true, mode: 0o700 });
  await mkdir(join(dir, 'crl'), { recursive: true, mode: 0o700 });
  await createFileAtomically(join(dir, 'key.json'), key.text).catch((cause) => {
    if (errorCodeOf(cause) !== 'EEXIST') throw cause;
    throw new Failure('refused', `${dir} holds a root already`, { hint: 'choose another folder by --dir', cause });
  });
  await createFileAtomically(join(dir, 'root.pem'), encodePem('CERTIFICATE', root), 0o644);
}

/** Reads the folder. Throws Failure when there is none, TrustError when certificate or lists are not by this key. */
export async function openAuthorityFolder(dir: string): Promise<AuthorityFolder> {
  const bytes = await readFile(join(dir, 'key.json')).catch((cause) => {
    throw new Failure('refused', `${dir} holds no root`, { hint: `signpost ca root init --dir ${dir}`, cause });
  });
  const key = parseAuthorityKeyFile(bytes);
  const root = await readCertificate(join(dir, 'root.pem'));
  const publicKey = await importPublicKey(key.spki);
  await verifySigned(root, publicKey);
  const list = await readNewestList(dir);
  if (list) await verifySigned(list, publicKey);
  const names = (await readdir(join(dir, 'issued'))).filter((name) => name.endsWith('.pem')).sort();
  const issued = await Promise.all(names.map((name) => readCertificate(join(dir, 'issued', name))));
  for (const certificate of issued) await verifySigned(certificate, publicKey);
  return { dir, key, root, issued, list };
}

/** Keeps a certificate that was just signed; its serial number is never used again. */
export async function recordIssued(dir: string, certificate: Certificate): Promise<void> {
  const path = join(dir, 'issued', `${encodeHex(certificate.serialNumber)}.pem`);
  await createFileAtomically(path, encodePem('CERTIFICATE', certificate.bytes), 0o644);
}

/** Keeps a list that was just signed. Throws Failure when its number is used already. */
export async function recordList(dir: string, list: RevocationList): Promise<void> {
  await createFileAtomically(join(dir, 'crl', `${list.number}.crl`), list.bytes, 0o644).catch((cause) => {
    if (errorCodeOf(cause) !== 'EEXIST') throw cause;
    throw new Failure('refused', `list number ${list.number} was used in the meantime`, { hint: 'try again', cause });
  });
}

async function readCertificate(path: string): Promise<Certificate> {
  return parseCertificate(parsePemBlock(await readFile(path, 'latin1'), 'CERTIFICATE', maxPemCharacters));
}

async function readNewestList(dir: string): Promise<RevocationList | undefined> {
  const numbers = (await readdir(join(dir, 'crl'))).flatMap((name) => {
    const match = /^([0-9]{1,20})\.crl$/.exec(name);
    return match?.[1] === undefined ? [] : [BigInt(match[1])];
  });
  const newest = numbers.toSorted((left, right) => (left < right ? -1 : 1)).at(-1);
  if (newest === undefined) return undefined;
  return parseRevocationList(new Uint8Array(await readFile(join(dir, 'crl', `${newest}.crl`))));
}
