/** What stands above a certificate of ours, as programs want to have it. */
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../../errors.ts';
import type { Query } from '../../../storage/database.ts';
import { AuthorityTree } from '../../authorities/authority.ts';
import { findAuthority } from '../../authorities/store.ts';
import type { CertificateRow } from '../../records/certificate-row.ts';

/** The DER of a row, parsed. */
export function certificateOf({ der }: Pick<CertificateRow, 'der'>): Certificate {
  return parseCertificate(new Uint8Array(Buffer.from(der, 'base64')));
}

/**
 * The certificates above, the root's last; none above a root. Throws `conflict` when somebody else issued it, and when no chain is in
 * force now.
 */
export async function readChain(query: Query, row: CertificateRow, at: number): Promise<readonly Certificate[]> {
  if (row.issuer_id !== null && row.issuer_id === row.subject_authority_id) return [];
  const issuer = row.issuer_id && (await findAuthority(query, row.organisation_id, { id: row.issuer_id }));
  if (!issuer) {
    throw new Refusal('conflict', 'the issuer of this certificate is not here', { rule: 'issuer-elsewhere' });
  }
  const tree = await AuthorityTree.read(query, row.organisation_id);
  const [chain] = tree.listChains(issuer, at);
  if (!chain) {
    throw new Refusal('conflict', `no chain from ${issuer.name} to a root is valid now`, { rule: 'chain-missing' });
  }
  return chain.map(({ certificate }) => certificate);
}

/** The chain as servers send it: without the root, which whoever verifies has, unless there is nothing else. */
export function withoutRoot(chain: readonly Certificate[]): readonly Certificate[] {
  return chain.length > 1 ? chain.slice(0, -1) : chain;
}
