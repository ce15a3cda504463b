/** Orders that replace a certificate (RFC 9773, section 5). */
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseString } from '@signpost/protocol/json/fields';
import { formatAddress } from '@signpost/protocol/x509/address';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { Database } from '../../../storage/database.ts';
import { AcmeProblem, type Identifier } from '../problem.ts';
import type { AccountRequest } from '../requests/signed-request.ts';
import { readCertificate, requireNamed } from './certificate-id.ts';

/**
 * The id of the certificate that an order replaces, or null. Throws `malformed` for one of another account or of other
 * names.
 */
export async function findReplaced(
  { database }: { readonly database: Database },
  { account, directory }: AccountRequest,
  { payload, identifiers }: { payload: SignableObject; identifiers: readonly Identifier[] },
): Promise<string | null> {
  if (payload.replaces === undefined) return null;
  const row = await requireNamed(database.query, directory.organisationId, parseString(payload, 'replaces', 200));
  if (row.acme_account_id !== account.id) throw new AcmeProblem('malformed', 'expected a certificate of this account');
  const names = new Set(listNames(readCertificate(row.der)));
  if (!identifiers.some(({ type, value }) => names.has(`${type}:${value}`))) {
    throw new AcmeProblem('malformed', 'expected a certificate that shares a name with the order');
  }
  return row.id;
}

/** RFC 9773, 5: an order that is not invalid keeps every other one from replacing the same certificate. */
export function refuseReplaced(): AcmeProblem {
  return new AcmeProblem('alreadyReplaced', 'another order replaces this certificate');
}

/** The names that a certificate is for, as `type:value`; those that ACME does not know are left out. */
export function listNames({ extensions }: Pick<Certificate, 'extensions'>): readonly string[] {
  return (extensions.subjectAlternativeName?.value ?? []).flatMap((name) => {
    if (name.kind === 'dns') return [`dns:${name.text.toLowerCase()}`];
    return name.kind === 'ip' ? [`ip:${formatAddress(name.address)}`] : [];
  });
}
