/** Signings and their results as messages between threads: one buffer, and lists of plain values. Objects would cost more than a signature. */
import type { KeyObject } from 'node:crypto';
import type { SignatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { openNodeSigner } from '../../authorities/node-signer.ts';
import type { SignatureCheck } from './check.ts';
import type { Signing, SigningResult } from './signing.ts';

interface PackedIssuer {
  readonly certificate: Uint8Array<ArrayBuffer>;
  readonly key: KeyObject;
  readonly algorithm: SignatureAlgorithm;
}

/** Signings as one message. */
export interface PackedSignings {
  readonly issuers: readonly PackedIssuer[];
  /** Profiles and digests, each once. */
  readonly words: readonly string[];
  /** `numbersEach` of each signing, then its body, and key, message and signature of its proof. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Of each signing: its issuer, profile and digest by their places, and the lengths of its four parts. */
const numbersEach = 7;
const noProof: SignatureCheck = {
  digest: '',
  spki: new Uint8Array(),
  message: new Uint8Array(),
  signature: new Uint8Array(),
};

/** Packs signings; `bytes` is a buffer of its own. The handle of a key is copied, the key is not. */
export function packSignings(signings: readonly Signing[]): PackedSignings {
  const [issuers, words, numbers] = [new Places<Signing['issuer']>(), new Places<string>(), [] as number[]];
  const parts: Uint8Array[] = [];
  for (const { issuer, profile, body, proof = noProof } of signings) {
    const { digest, spki, message, signature } = proof;
    numbers.push(issuers.placeOf(issuer), words.placeOf(profile), words.placeOf(digest));
    for (const part of [body, spki, message, signature]) {
      parts.push(part);
      numbers.push(part.length);
    }
  }
  return { issuers: issuers.values.map(packIssuer), words: words.values, bytes: join(numbers, parts) };
}

/** Values by the place where each stands once. */
class Places<T> {
  readonly values: T[] = [];

  placeOf(value: T): number {
    const place = this.values.indexOf(value);
    return place === -1 ? this.values.push(value) - 1 : place;
  }
}

function join(numbers: readonly number[], parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const start = Uint32Array.BYTES_PER_ELEMENT * numbers.length;
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, start));
  new Uint32Array(bytes.buffer, 0, numbers.length).set(numbers);
  let at = start;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function packIssuer({ certificate, signer: { key, algorithm } }: Signing['issuer']): PackedIssuer {
  return { certificate: certificate.bytes, key, algorithm };
}

/** The `count` signings that were packed. */
export function unpackSignings({ issuers, words, bytes }: PackedSignings, count: number): Signing[] {
  const opened = issuers.map(unpackIssuer);
  const numbers = new Uint32Array(bytes.buffer, bytes.byteOffset, count * numbersEach);
  let at = numbers.byteLength;
  const take = (length = 0) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return Array.from({ length: count }, (_, index) => {
    const [issuerAt = 0, profileAt = 0, digestAt = 0, ...lengths] = numbers.subarray(
      numbersEach * index,
      numbersEach * (index + 1),
    );
    const [issuer, profile = '', digest = ''] = [opened[issuerAt], words[profileAt], words[digestAt]];
    if (!issuer) throw new TypeError('expected an issuer for each signing');
    const body = take(lengths[0]);
    const proof = { digest, spki: take(lengths[1]), message: take(lengths[2]), signature: take(lengths[3]) };
    return digest === '' ? { body, issuer, profile } : { body, issuer, profile, proof };
  });
}

/** Certificates of issuers by their bytes: read once, and of no secret. */
const known = new Map<string, Certificate>();
const maxKnown = 64;

function unpackIssuer({ certificate: bytes, key, algorithm }: PackedIssuer): Signing['issuer'] {
  const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const certificate = known.get(name) ?? parseCertificate(bytes);
  if (!known.has(name) && known.size === maxKnown) known.clear();
  known.set(name, certificate);
  return { certificate, signer: openNodeSigner({ key, subjectKey: parseSubjectKey(certificate.spki), algorithm }) };
}

/** A result as it travels: what a row has, in the order of `packResult`, or what is wrong. */
export type PackedResult = PackedColumns | Exclude<SigningResult, { kind: 'signed' }>;

type PackedColumns = [...texts: [string, string, string, string, string, string, string, string], number, number];

/** The result as it travels. */
export function packResult(result: SigningResult): PackedResult {
  if (result.kind !== 'signed') return result;
  const { serial, subject, common_name, names, search, der, fingerprint, key_id, not_before, not_after } =
    result.columns;
  return [serial, subject, common_name, names, search, der, fingerprint, key_id, not_before, not_after];
}

/** The result that was packed. */
export function unpackResult(packed: PackedResult): SigningResult {
  if (!Array.isArray(packed)) return packed;
  const [serial, subject, common_name, names, search, der, fingerprint, key_id, not_before, not_after] = packed;
  const columns = { serial, subject, common_name, names, search, der, fingerprint, key_id, not_before, not_after };
  return { kind: 'signed', columns };
}
