/** Certificates in the transparency log: digests of those that were issued, and what was revoked. */
import type { Query } from '../../storage/database.ts';
import type { Loggable } from '../../trust/log/append.ts';
import type { AuditedRow } from '../../trust/log/store.ts';
import type { LoggedRows } from '../../trust/log/sweep.ts';
import { type IssuedRow, listIssued } from './store.ts';

/** Rows about certificates and authorities, and what they tell of certificates as it stands now: that they were issued, and whether they are revoked. */
export const loggedCertificates: LoggedRows = { kinds: ['certificate', 'authority'], describe: describeCertificates };

async function describeCertificates(query: Query, rows: readonly AuditedRow[]): Promise<Loggable[]> {
  const named = (kind: string) => rows.filter((row) => row.object_kind === kind).map(({ object_id }) => object_id);
  const ids = [...named('certificate'), ...rows.flatMap(findResponder)];
  const issued = await listIssued(query, { ids: new Set(ids), authorityIds: new Set(named('authority')) });
  return issued.flatMap(describeIssued);
}

/** The certificate of a new responder, which stands in the detail of a row about its authority. */
function findResponder({ action, detail }: AuditedRow): string[] {
  if (action !== 'ocsp_responder.made') return [];
  const { certificate } = JSON.parse(detail ?? '{}') as { certificate?: string };
  return certificate === undefined ? [] : [certificate];
}

function describeIssued(row: IssuedRow): Loggable[] {
  const { organisation_id: organisationId, issuer, serial, reason, revoked_at: revokedAt } = row;
  const issued: Loggable = { organisationId, entry: { type: 'certificate', issuer, serial, sha256: row.fingerprint } };
  if (reason === null || revokedAt === null) return [issued];
  return [issued, { organisationId, entry: { type: 'revocation', issuer, serial, reason, revokedAt } }];
}
