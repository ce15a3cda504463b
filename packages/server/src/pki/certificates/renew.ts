/** Renewal: a new certificate with the contents of an older one, linked to it; the older one stays in force unless asked otherwise. */
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { VerifiedRequest } from '@signpost/protocol/x509/request';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import { findAuthority } from '../authorities/store.ts';
import { formatKeyLabel, keyLabels } from '../profiles/key-label.ts';
import { assertNameForm } from '../profiles/name-text.ts';
import { readSubject } from '../profiles/subject.ts';
import { type CertificateRow, certificateKeyPlace } from '../records/certificate-row.ts';
import { type IssuedCertificate, type IssueWish, type KeySource, prepareCertificate } from './issue.ts';
import { recordCertificates } from './record.ts';
import { requireLeaf, revokeIn } from './revoke.ts';

/** Which key the new certificate is for. */
type RenewalKey =
  /** The same one: who holds it goes on. */
  | { readonly kind: 'same' }
  /** A new one made by the server, of the same type; only where the server made the old one. */
  | { readonly kind: 'new' }
  /** The one of a request, from which nothing else is taken. */
  | { readonly kind: 'request'; readonly request: VerifiedRequest };

/** What renews a certificate. */
export interface RenewalWish {
  readonly id: string;
  readonly key: RenewalKey;
  /** Another authority than the one that issued it; otherwise the one that succeeds it, or itself. */
  readonly authority?: string | undefined;
  readonly lifetimeMs?: number | undefined;
  /** Revokes the older one as superseded, in the same transaction. */
  readonly revokeOld?: boolean | undefined;
}

/**
 * The new certificate, durable. Names, subject and profile are the older one's, held against the rules of today. Throws as
 * `issueCertificate` does; `forbidden` for a certificate of an authority, `conflict` for one that is revoked or on hold.
 */
export async function renewCertificate(
  parts: AuthorityParts,
  caller: Caller,
  wish: RenewalWish,
): Promise<IssuedCertificate> {
  const { database, now } = parts;
  const old = await requireLeaf(database.query, caller.organisationId, wish.id);
  assertRenewable(old);
  const { issuer, record } = await prepareCertificate(parts, caller, await describeRenewal(parts, old, wish));
  try {
    await database.transaction(async (tx) => {
      assertRenewable(await requireLeaf(tx, caller.organisationId, wish.id));
      await recordCertificates(tx, [record]);
      if (wish.revokeOld) await revokeIn(tx, caller, { id: wish.id, at: now(), reason: 'superseded' });
    });
  } finally {
    record.pkcs8?.fill(0);
  }
  return { row: record.row, issuer };
}

function assertRenewable({ state }: CertificateRow): void {
  if (state === 'valid') return;
  throw new Refusal('conflict', `a certificate that is ${state} is not renewed`, {
    rule: 'certificate-state',
    hint: state === 'held' ? 'signpost cert release' : 'signpost cert issue, with a new key',
  });
}

async function describeRenewal(parts: AuthorityParts, old: CertificateRow, wish: RenewalWish): Promise<IssueWish> {
  const certificate = parseCertificate(new Uint8Array(Buffer.from(old.der, 'base64')));
  const { subjectAlternativeName, tlsFeature } = certificate.extensions;
  return {
    authority: wish.authority ?? (await nameIssuer(parts.database.query, old)),
    profile: old.profile,
    key: openRenewalKey(parts, { old, certificate, key: wish.key }),
    subject: readSubject(certificate.subject),
    names: (subjectAlternativeName?.value ?? []).map(assertNameForm),
    mustStaple: tlsFeature !== undefined,
    lifetimeMs: wish.lifetimeMs,
    source: wish.key.kind === 'request' ? 'request' : old.source,
    replacesId: old.id,
  };
}

/** The authority that issues in place of the one that issued the certificate, which may have been re-keyed since. */
async function nameIssuer(
  query: Query,
  { organisation_id: organisationId, issuer_id: issuerId }: CertificateRow,
): Promise<string> {
  let row = issuerId === null ? undefined : await findAuthority(query, organisationId, { id: issuerId });
  // A line of successors is short, and nobody can make it a circle of more than its own authorities.
  for (let steps = 0; row && row.state !== 'active' && row.successor_id !== null && steps < 10; steps++) {
    row = await findAuthority(query, organisationId, { id: row.successor_id });
  }
  if (!row) throw new Refusal('not_found', 'no such authority');
  return row.name;
}

interface OldKey {
  readonly old: CertificateRow;
  readonly certificate: Certificate;
  readonly key: RenewalKey;
}

function openRenewalKey(parts: AuthorityParts, { old, certificate, key }: OldKey): KeySource {
  const publicKey = parseSubjectKey(certificate.spki);
  switch (key.kind) {
    case 'request':
      return { kind: 'public', publicKey: key.request.subjectKey };
    case 'same': {
      if (old.sealed_key === null) return { kind: 'public', publicKey };
      const { purpose, reference } = certificateKeyPlace(old.id);
      return { kind: 'public', publicKey, pkcs8: parts.vault.unseal(purpose, reference, old.sealed_key) };
    }
    case 'new': {
      const label = keyLabels.find((one) => one === formatKeyLabel(publicKey));
      if (old.sealed_key === null || !label) {
        throw new Refusal('invalid', 'expected a certification request: the server never had the key', {
          rule: 'key-holder',
        });
      }
      return { kind: 'server', label };
    }
  }
}
