/** Verifying what clients show, by our own path validation (RFC 5280, 6) and our own record of what was revoked. */
import { type Certificate, isAuthority, parseCertificate } from '@signpost/protocol/x509/certificate';
import { purposes } from '@signpost/protocol/x509/oids';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import type { Query } from '../../storage/database.ts';
import { AuthorityTree } from '../authorities/authority.ts';
import { findAuthority } from '../authorities/store.ts';
import type { CertificateRow } from '../records/certificate-row.ts';
import { countValid } from './store.ts';

/** How many verified paths are remembered. */
const maxRemembered = 1000;

/** A path that was verified, and what it stands on. */
interface RememberedPath {
  readonly certificate: Certificate;
  /** The rows of all certificates of the path, the client's own among them. */
  readonly rowIds: readonly string[];
  /** Unix ms, inclusive: all of them are in their validity. */
  readonly from: number;
  readonly until: number;
}

/**
 * Verifies certificates as those of clients. Signatures are checked once for each; validity and revocation, of the certificate
 * and of everything above it, with each question.
 */
export class VerifiedCertificates {
  readonly #paths = new Map<string, RememberedPath>();

  /**
   * The certificate in `row`, for authenticating a client. Throws TrustError when no path leads to a root of the organisation or
   * the path is not good for that; undefined when something on it is revoked, held, outside its validity, or an authority's.
   */
  async verify(query: Query, row: CertificateRow, at: number): Promise<Certificate | undefined> {
    const path = this.#paths.get(row.id) ?? (await this.#remember(query, row, at));
    if (!path || at < path.from || at > path.until) return undefined;
    if ((await countValid(query, path.rowIds)) !== path.rowIds.length) {
      // Perhaps another path is left, over a cross-certificate: the next question looks for it.
      this.#paths.delete(row.id);
      return undefined;
    }
    return path.certificate;
  }

  async #remember(query: Query, row: CertificateRow, at: number): Promise<RememberedPath | undefined> {
    const path = await findPath(query, row, at);
    if (!path) return undefined;
    if (this.#paths.size >= maxRemembered) this.#paths.clear();
    this.#paths.set(row.id, path);
    return path;
  }
}

async function findPath(query: Query, row: CertificateRow, at: number): Promise<RememberedPath | undefined> {
  const { organisation_id: organisationId, issuer_id: issuerId } = row;
  const authority = issuerId === null ? undefined : await findAuthority(query, organisationId, { id: issuerId });
  const certificate = parseCertificate(new Uint8Array(Buffer.from(row.der, 'base64')));
  if (!authority || !isForClients(certificate)) return undefined;
  const tree = await AuthorityTree.read(query, organisationId);
  const [chain] = tree.listChains(authority, at);
  const anchor = chain?.at(-1);
  if (!chain || !anchor) return undefined;
  await verifyCertificate(
    certificate,
    { anchors: [anchor.certificate], intermediates: chain.slice(0, -1).map((own) => own.certificate) },
    { at, purpose: purposes.clientAuth },
  );
  const all = [certificate, ...chain.map((own) => own.certificate)];
  return {
    certificate,
    rowIds: [row.id, ...chain.map((own) => own.row.id)],
    from: Math.max(...all.map(({ notBefore }) => notBefore)),
    until: Math.min(...all.map(({ notAfter }) => notAfter)),
  };
}

/** RFC 5280, 4.2.1.12 lets a certificate without purposes be used for all; for reaching an API it must say so. */
function isForClients(certificate: Certificate): boolean {
  const named = certificate.extensions.extendedKeyUsage?.value.includes(purposes.clientAuth) === true;
  return named && !isAuthority(certificate);
}
