/** An issuing authority with certificates that are revoked, held and released, for tests of what it says about that. */
import type { Caller } from '../../../src/audit/audit.ts';
import type { AuthorityPlace } from '../../../src/pki/authorities/authority.ts';
import { type Issuer, openIssuer } from '../../../src/pki/authorities/issuer.ts';
import { type IssuedCertificate, issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { holdCertificate, releaseCertificate, revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import type { CertificateRow } from '../../../src/pki/records/certificate-row.ts';
import { openRevocation, type Revocation } from '../../../src/pki/revocation/revocation.ts';
import type { OrderParts } from '../../../src/pki/revocation/root.ts';
import type { Database } from '../../../src/storage/database.ts';
import { silentLog } from '../../silent-log.ts';
import { type ReadCertificate, readIssued } from '../issued.ts';
import { createPkiScene, type PkiScene } from '../scene.ts';

/** The authorities `root` and `issuing`, and what the latter's certificates may meet. */
export interface RevocationScene extends Omit<PkiScene, 'parts'> {
  readonly parts: OrderParts & Revocation & { readonly log: typeof silentLog };
  /** Of `issuing`. */
  readonly place: AuthorityPlace;
  readonly issuer: Issuer;
  issue(host?: string): Promise<ReadCertificate>;
  /** Revokes as compromised, holds or releases. */
  change(issued: Pick<IssuedCertificate, 'row'>, state: CertificateRow['state']): Promise<void>;
}

/** Opens the scene; `close` it before the database. */
export async function createRevocationScene(database: Database): Promise<RevocationScene> {
  const scene = await createPkiScene(database);
  const revocation = openRevocation({ ...scene.parts, log: silentLog });
  const parts = { ...scene.parts, ...revocation, log: silentLog };
  await scene.createRoot();
  const { id } = await scene.createIntermediate();
  const place = { organisationId: scene.caller.organisationId, authorityId: id };
  const issuer = await openIssuer(parts, place);
  return {
    ...{ ...scene, parts, place, issuer },
    issue: (host = 'host.example') =>
      readIssued(
        issueCertificate(parts, scene.caller, {
          ...{ authority: 'issuing', profile: 'server', source: 'form' },
          key: { kind: 'server', label: 'ecdsa-p256' },
          names: [{ kind: 'dns', text: host }],
        }),
      ),
    change: async ({ row }, state) => {
      await acts[state](parts, scene.caller, row.id);
    },
  };
}

const acts = { revoked: revoke, held: holdCertificate, valid: releaseCertificate } as const;

function revoke(parts: OrderParts, caller: Caller, id: string): Promise<unknown> {
  return revokeCertificate(parts, caller, { id, reason: 'keyCompromise' });
}
