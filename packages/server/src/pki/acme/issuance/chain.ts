/** Certificates as clients download them (RFC 8555, section 7.4.2): PEM, the leaf first, without the root; other chains beside it. */
import type { Database } from '../../../storage/database.ts';
import { isId } from '../../../storage/ids.ts';
import { AuthorityTree } from '../../authorities/authority.ts';
import { findAuthority } from '../../authorities/store.ts';
import { framePem } from '../../certificates/format.ts';
import { AcmeProblem } from '../problem.ts';
import type { AccountRequest } from '../requests/signed-request.ts';
import { findOwnCertificate } from './store.ts';

/** A chain, and the numbers of the others. */
export interface CertificateChain {
  readonly pem: string;
  readonly alternates: readonly number[];
}

/** The certificate of the request's account with one of its chains, 0 by default. Throws `malformed` with status 404. */
export async function readChain(
  { database, now }: { readonly database: Database; readonly now: () => number },
  { account, directory }: AccountRequest,
  { id, chain }: { id: string; chain: string | undefined },
): Promise<CertificateChain> {
  const row = isId(id) ? await findOwnCertificate(database.query, account.id, id) : undefined;
  if (!row) throw notFound();
  const { organisationId } = directory;
  const issuer = await findAuthority(database.query, organisationId, { id: row.issuer_id ?? '' });
  const tree = await AuthorityTree.recall(database.query, organisationId);
  const chains = issuer ? tree.listChains(issuer, now()) : [];
  const chosen = chain === undefined ? 0 : Number(/^[1-9]\d?$/.exec(chain)?.[0] ?? Number.NaN);
  if (chosen !== 0 && !chains[chosen]) throw notFound();
  // Relying parties have the root, or have no reason to trust what is sent along.
  const above = (chains[chosen] ?? []).filter((own) => own.row.issuer_id !== own.row.subject_authority_id);
  return {
    pem: [row, ...above.map((own) => own.row)].map(({ der }) => framePem(der)).join(''),
    alternates: chains.map((_, number) => number).filter((number) => number !== chosen),
  };
}

function notFound(): AcmeProblem {
  return new AcmeProblem('malformed', 'this account has no such certificate', { status: 404 });
}
