/** Certificates as the API shows them. */

import { encodePem } from '@signpost/protocol/asn1/pem';
import { z } from 'zod';
import { formatTime, timeSchema } from '../../http/router.ts';
import type { Issuer } from '../authorities/issuer.ts';
import type { CertificateRow } from '../records/certificate-row.ts';

/** A certificate in a list. */
export const certificateSchema = z
  .object({
    id: z.string(),
    authority: z.string().nullable().openapi({ description: 'The issuer; null when nobody here issued it' }),
    profile: z.string(),
    subject: z.string(),
    common_name: z.string(),
    names: z.array(z.string()).openapi({ example: ['dns:host.example', 'ip:10.0.0.1'] }),
    serial: z.string(),
    fingerprint: z.string().openapi({ description: 'Hex SHA-256 of the DER' }),
    not_before: timeSchema,
    not_after: timeSchema,
    state: z.enum(['valid', 'held', 'revoked', 'expired']),
    reason: z.string().nullable(),
    revoked_at: timeSchema.nullable(),
    invalid_from: timeSchema.nullable(),
    is_authority: z.boolean(),
    has_key: z.boolean().openapi({ description: 'Whether the server keeps the private key' }),
    source: z.enum(['form', 'request', 'acme', 'import', 'system']),
    replaces: z.string().nullable(),
    created_by: z.string(),
    created_at: timeSchema,
  })
  .openapi('Certificate');

/** A certificate that was just issued. */
export const issuedSchema = z
  .object({
    id: z.string(),
    authority: z.string(),
    profile: z.string(),
    serial: z.string(),
    fingerprint: z.string(),
    not_before: timeSchema,
    not_after: timeSchema,
    certificate: z.string().openapi({ description: 'PEM' }),
    chain: z.string().openapi({ description: 'PEM of the issuer and those above it, without the root' }),
  })
  .openapi('IssuedCertificate');

/** A row as `certificateSchema` has it. */
export function formatCertificate(
  row: Omit<CertificateRow, 'search'> & { readonly authority: string | null },
  now: number,
): z.infer<typeof certificateSchema> {
  return {
    id: row.id,
    authority: row.authority,
    profile: row.profile,
    subject: row.subject,
    common_name: row.common_name,
    names: JSON.parse(row.names) as string[],
    serial: row.serial,
    fingerprint: row.fingerprint,
    not_before: formatTime(row.not_before),
    not_after: formatTime(row.not_after),
    state: row.state !== 'revoked' && row.not_after < now ? 'expired' : row.state,
    reason: row.reason,
    revoked_at: formatOptional(row.revoked_at),
    invalid_from: formatOptional(row.invalid_from),
    is_authority: row.subject_authority_id !== null,
    has_key: row.sealed_key !== null,
    source: row.source,
    replaces: row.replaces_id,
    created_by: row.created_by,
    created_at: formatTime(row.created_at),
  };
}

function formatOptional(at: number | null): string | null {
  return at === null ? null : formatTime(at);
}

/** What is answered to whoever asked for a certificate. */
export function formatIssued(issued: {
  readonly row: CertificateRow;
  readonly issuer: Issuer;
}): z.infer<typeof issuedSchema> {
  const { row, issuer } = issued;
  return {
    id: row.id,
    authority: issuer.name,
    profile: row.profile,
    serial: row.serial,
    fingerprint: row.fingerprint,
    not_before: formatTime(row.not_before),
    not_after: formatTime(row.not_after),
    certificate: framePem(row.der),
    chain: formatChain(issuer),
  };
}

const lineLength = 64;

/** A certificate's PEM (RFC 7468), of base64 that is there already. */
export function framePem(base64: string): string {
  let lines = '';
  for (let at = 0; at < base64.length; at += lineLength) lines += `${base64.slice(at, at + lineLength)}\n`;
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

// The same for all that an issuer issues while it is kept open.
const chains = new WeakMap<Issuer, string>();

function formatChain(issuer: Issuer): string {
  const known = chains.get(issuer);
  if (known !== undefined) return known;
  const above = [issuer.certificate, ...issuer.chain].slice(0, -1);
  const chain = above.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join('');
  chains.set(issuer, chain);
  return chain;
}
