/** One certificate in words: what a person wants to know who looks at it. */

import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { describeKeyType } from '@signpost/protocol/keys/key-type';
import { interpretSignatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { attributeOids, purposes } from '@signpost/protocol/x509/oids';
import type { KeyUsage } from '@signpost/protocol/x509/usage-extensions';
import { z } from 'zod';
import { formatTime, timeSchema } from '../../http/router.ts';
import type { Query } from '../../storage/database.ts';
import { AuthorityTree } from '../authorities/authority.ts';
import { findAuthority } from '../authorities/store.ts';
import { certificateSchema, formatCertificate } from './format.ts';
import { type ListedCertificate, listReplacements } from './store.ts';

/** A certificate with everything that there is to say about it. */
export const summarySchema = certificateSchema
  .extend({
    validity: z.object({
      days: z.int(),
      days_left: z.int().openapi({ description: 'Negative once it is over' }),
      percent_elapsed: z.number().openapi({ description: '0 to 100, for a bar' }),
    }),
    subject_attributes: z.array(z.object({ type: z.string(), text: z.string() })),
    issuer: z.string(),
    key: z.object({ type: z.string(), id: z.string() }),
    signature_algorithm: z.string(),
    basic_constraints: z.string(),
    key_usage: z.array(z.string()),
    extended_key_usage: z.array(z.string()),
    subject_key_identifier: z.string().nullable(),
    authority_key_identifier: z.string().nullable(),
    chain: z.array(z.object({ certificate_id: z.string(), subject: z.string(), not_after: timeSchema })),
    replaced_by: z.array(z.string()),
    pem: z.string(),
  })
  .openapi('CertificateSummary');

type Summary = z.infer<typeof summarySchema>;

const dayMs = 86_400_000;

/** What is shown of one certificate. */
export async function summariseCertificate(query: Query, row: ListedCertificate, now: number): Promise<Summary> {
  const certificate = parseCertificate(new Uint8Array(Buffer.from(row.der, 'base64')));
  return {
    ...formatCertificate(row, now),
    validity: describeValidity(row, now),
    ...describeContents(certificate),
    key: { type: describeKey(certificate), id: row.key_id },
    chain: await listChain(query, row, now),
    replaced_by: await listReplacements(query, row.id),
    pem: encodePem('CERTIFICATE', certificate.bytes),
  };
}

function describeValidity({ not_before: start, not_after: end }: ListedCertificate, now: number): Summary['validity'] {
  const elapsed = (100 * (now - start)) / Math.max(end - start, 1);
  return {
    days: Math.round((end - start) / dayMs),
    days_left: Math.floor((end - now) / dayMs),
    percent_elapsed: Math.round(10 * Math.min(100, Math.max(0, elapsed))) / 10,
  };
}

function describeContents(certificate: Certificate) {
  const { subject, issuer, extensions } = certificate;
  const { basicConstraints, keyUsage, extendedKeyUsage, subjectKeyIdentifier, authorityKeyIdentifier } = extensions;
  const authorityKey = authorityKeyIdentifier?.value.keyIdentifier;
  return {
    subject_attributes: subject.relativeNames.flat().map(({ type, text, value }) => ({
      type: nameOf(attributeOids, type),
      text: text ?? `#${encodeHex(value)}`,
    })),
    issuer: formatName(issuer),
    signature_algorithm: describeAlgorithm(certificate),
    basic_constraints: describeConstraints(basicConstraints?.value),
    key_usage: [...(keyUsage?.value ?? [])].map((usage) => usageWords[usage]),
    extended_key_usage: (extendedKeyUsage?.value ?? []).map((oid) => purposeWords[nameOf(purposes, oid)] ?? oid),
    subject_key_identifier: subjectKeyIdentifier ? encodeHex(subjectKeyIdentifier.value) : null,
    authority_key_identifier: authorityKey ? encodeHex(authorityKey) : null,
  };
}

function nameOf(table: Readonly<Record<string, string>>, oid: string): string {
  return Object.keys(table).find((name) => table[name] === oid) ?? oid;
}

// Imported certificates may use what is not made here.
function describeKey({ spki }: Certificate): string {
  try {
    return describeKeyType(parseSubjectKey(spki));
  } catch {
    return 'unknown';
  }
}

function describeAlgorithm({ signatureAlgorithm }: Certificate): string {
  try {
    const algorithm = interpretSignatureAlgorithm(signatureAlgorithm);
    const names = { ecdsa: 'ECDSA', 'rsa-pkcs1': 'RSA', 'rsa-pss': 'RSA-PSS', ed25519: 'Ed25519' };
    return algorithm.kind === 'ed25519' ? names.ed25519 : `${names[algorithm.kind]} with ${algorithm.hash}`;
  } catch {
    return signatureAlgorithm.oid;
  }
}

function describeConstraints(value: { isAuthority: boolean; pathLength: number | undefined } | undefined): string {
  if (!value?.isAuthority) return 'not an authority';
  if (value.pathLength === undefined) return 'authority, any number of authorities below';
  return value.pathLength === 0 ? 'authority, none below' : `authority, at most ${value.pathLength} below one another`;
}

const usageWords: Readonly<Record<KeyUsage, string>> = {
  digitalSignature: 'signs data and log-ins',
  contentCommitment: 'commits to contents',
  keyEncipherment: 'encrypts keys',
  dataEncipherment: 'encrypts data',
  keyAgreement: 'agrees on keys',
  keyCertSign: 'signs certificates',
  cRLSign: 'signs revocation lists',
  encipherOnly: 'agrees on keys to encrypt only',
  decipherOnly: 'agrees on keys to decrypt only',
};

const purposeWords: Readonly<Record<string, string>> = {
  any: 'any purpose',
  serverAuth: 'TLS server',
  clientAuth: 'TLS client',
  codeSigning: 'code signing',
  emailProtection: 'e-mail',
  timeStamping: 'timestamps',
  ocspSigning: 'OCSP answers',
};

/** The certificates above, of those that are in force now. */
async function listChain(query: Query, row: ListedCertificate, now: number): Promise<Summary['chain']> {
  const { organisation_id: organisationId, issuer_id: issuerId } = row;
  if (issuerId === null || issuerId === row.subject_authority_id) return [];
  const authority = await findAuthority(query, organisationId, { id: issuerId });
  if (!authority) return [];
  const [chain = []] = (await AuthorityTree.read(query, organisationId)).listChains(authority, now);
  return chain.map((own) => ({
    certificate_id: own.row.id,
    subject: formatName(own.certificate.subject),
    not_after: formatTime(own.certificate.notAfter),
  }));
}
