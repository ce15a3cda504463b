/** One certificate to be signed, linted and described, as threads hand it on: what it says is encoded, the key a handle. */
import type { KeyObject } from 'node:crypto';
import type { SignatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../../errors.ts';
import { type NodeSigner, openNodeSigner } from '../../authorities/node-signer.ts';
import { type DerivedColumns, deriveColumns } from '../../records/certificate-row.ts';
import { signBody } from '../sign.ts';

/** What is to be signed, and by whom. */
export interface Signing {
  /** TBSCertificate, DER. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly issuer: { readonly certificate: Certificate; readonly signer: NodeSigner };
  readonly profile: string;
}

/** The certificate as rows have it, or why there is none. */
export type SigningResult =
  | { readonly kind: 'signed'; readonly columns: DerivedColumns }
  /** By the lint. */
  | { readonly kind: 'refused'; readonly rule: string | undefined; readonly message: string }
  | { readonly kind: 'failed'; readonly cause: unknown };

/** Signs in this thread. Never rejects. */
export async function signHere({ body, issuer, profile }: Signing): Promise<SigningResult> {
  try {
    return { kind: 'signed', columns: deriveColumns(await signBody(body, issuer, profile)) };
  } catch (cause) {
    if (cause instanceof Refusal) return { kind: 'refused', rule: cause.rule, message: cause.message };
    return { kind: 'failed', cause };
  }
}

interface PackedIssuer {
  readonly certificate: Uint8Array<ArrayBuffer>;
  readonly key: KeyObject;
  readonly algorithm: SignatureAlgorithm;
}

/** Signings as one message between threads. */
export interface PackedSignings {
  readonly issuers: readonly PackedIssuer[];
  /** Which of the issuers, by whose profile, and how many of the bytes. */
  readonly items: readonly { readonly issuer: number; readonly profile: string; readonly length: number }[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Packs signings; `bytes` is a buffer of its own. The handle of a key is copied, the key is not. */
export function packSignings(signings: readonly Signing[]): PackedSignings {
  const issuers = [...new Set(signings.map(({ issuer }) => issuer))];
  const items = signings.map(({ body, issuer, profile }) => ({
    issuer: issuers.indexOf(issuer),
    profile,
    length: body.length,
  }));
  const bytes = new Uint8Array(items.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const { body } of signings) {
    bytes.set(body, at);
    at += body.length;
  }
  return { issuers: issuers.map(packIssuer), items, bytes };
}

function packIssuer({ certificate, signer: { key, algorithm } }: Signing['issuer']): PackedIssuer {
  return { certificate: certificate.bytes, key, algorithm };
}

/** What was packed. */
export function unpackSignings({ issuers, items, bytes }: PackedSignings): Signing[] {
  const opened = issuers.map(unpackIssuer);
  let at = 0;
  return items.map(({ issuer: index, profile, length }) => {
    const issuer = opened[index];
    if (!issuer) throw new TypeError('expected an issuer for each signing');
    const body = bytes.subarray(at, at + length);
    at += length;
    return { body, issuer, profile };
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
