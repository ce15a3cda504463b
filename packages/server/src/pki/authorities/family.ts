/** Who in an organisation signed a certificate: its authorities, looked through by name, key and signature. */
import { createHash } from 'node:crypto';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { isSameName } from '@signpost/protocol/x509/name';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { AuthorityTree, type OwnCertificate } from './authority.ts';
import { type AuthorityRow, listAuthorities } from './store.ts';

/** The authorities of an organisation with all their certificates. */
export interface Family {
  readonly authorities: readonly AuthorityRow[];
  readonly tree: AuthorityTree;
}

/** Reads all authorities of an organisation. */
export async function readFamily(query: Query, organisationId: string): Promise<Family> {
  return {
    authorities: await listAuthorities(query, organisationId),
    tree: await AuthorityTree.read(query, organisationId),
  };
}

/** The family with one authority more. */
export function growFamily(
  { authorities, tree }: Family,
  { row, own }: { readonly row: AuthorityRow; readonly own: OwnCertificate },
): Family {
  return { authorities: [...authorities, row], tree: tree.grow(own) };
}

/** The authority whose key a certificate certifies, if it is one of the family. */
export function findHolder({ authorities }: Family, certificate: Pick<Certificate, 'spki'>): AuthorityRow | undefined {
  const keyId = createHash('sha256').update(certificate.spki).digest('hex');
  return authorities.find((one) => one.key_id === keyId);
}

/** The authority that signed a certificate, with the chain from it to its root; `undefined` when none here did. */
export async function findIssuer(
  { authorities, tree }: Family,
  certificate: Certificate,
  at: number,
): Promise<{ readonly issuer: AuthorityRow; readonly chain: readonly Certificate[] } | undefined> {
  for (const issuer of authorities) {
    for (const chain of tree.listChains(issuer, at)) {
      const [own] = chain;
      if (own && (await hasSigned(own.certificate, certificate))) {
        return { issuer, chain: chain.map((one) => one.certificate) };
      }
    }
  }
  return undefined;
}

/** The same. Throws `trust_refused`, rule `issuer-unknown`, when none here did. */
export async function requireIssuer(
  family: Family,
  certificate: Certificate,
  at: number,
): Promise<{ readonly issuer: AuthorityRow; readonly chain: readonly Certificate[] }> {
  const found = await findIssuer(family, certificate, at);
  if (found) return found;
  throw issuerUnknown();
}

/** The refusal of a certificate that nobody here signed. */
export function issuerUnknown(): Refusal {
  return new Refusal('trust_refused', 'expected a certificate that one of your authorities signed', {
    rule: 'issuer-unknown',
    hint: 'first: signpost ca import-certificate --name NAME root.pem',
  });
}

/** Whether a certificate is signed by the key that it certifies. */
export async function isSelfSigned(certificate: Certificate): Promise<boolean> {
  return hasSigned(certificate, certificate);
}

/** Whether `issuer` has the name and the key that a certificate is signed with. */
export async function hasSigned(issuer: Certificate, certificate: Certificate): Promise<boolean> {
  if (!isSameName(issuer.subject, certificate.issuer)) return false;
  try {
    await verifySigned(certificate, await importPublicKey(issuer.spki));
    return true;
  } catch {
    // Another key of the same name; whoever did sign is looked for further.
    return false;
  }
}
