/** Making an intermediate below an authority: signed at once, or pending until an offline authority has signed its request. */

import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import { deriveKeyIdentifier } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { DistinguishedName } from '@signpost/protocol/x509/name';
import { signRequest } from '@signpost/protocol/x509/request';
import { signCertificate } from '@signpost/protocol/x509/write-certificate';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import type { Caller } from '../../audit/audit.ts';
import { createId } from '../../storage/ids.ts';
import { type AuthorityParts, requireAuthority } from './authority.ts';
import { authorityKeyUsage, composeSubordinate } from './contents.ts';
import { assertIssuing, assertState, type Issuer } from './issuer.ts';
import { generateAuthorityKey } from './key-choice.ts';
import { locateAuthority } from './locations.ts';
import { createNodeSigner } from './node-signer.ts';
import { createAuthorityRow, recordAuthority } from './record.ts';
import { sealKey } from './sealed-keys.ts';
import { assertSound } from './sound.ts';
import { type AuthorityRow, readOrganisationSlug } from './store.ts';
import { composeSubject } from './subject.ts';
import { assertAuthorityName, choosePathLength, chooseValidity, type NewAuthority } from './wish.ts';
import { withIssuer } from './with-issuer.ts';

/** An intermediate to be made. */
export interface NewIntermediate extends NewAuthority {
  /** The name of the authority above. */
  readonly parent: string;
  /** The parent's, where it is a root on this server. */
  readonly passphrase?: string;
}

/**
 * Makes an intermediate: active with its certificate, or `pending` with a request when the parent's key is offline. Throws
 * `not_found` for the parent; `invalid` for a wish that cannot be or that the parent does not allow; `conflict` when the name
 * is taken or the parent may not sign; what `withRootSigner` throws.
 */
export async function createIntermediate(
  parts: AuthorityParts,
  caller: Caller,
  wish: NewIntermediate,
): Promise<AuthorityRow> {
  assertAuthorityName(wish.name);
  const subject = composeSubject(wish.subject);
  const parent = await requireAuthority(parts.database.query, caller.organisationId, wish.parent);
  assertState(parent, 'certificates');
  const { lifetime } = parts.vault;
  const pkcs8 = await generateAuthorityKey(wish.keyType);
  const making = { parts, caller, wish, subject, parent, pkcs8, signer: createNodeSigner(pkcs8), lifetime };
  try {
    return parent.custody === 'offline' ? await request(making) : await certify(making);
  } finally {
    pkcs8.fill(0);
  }
}

interface Making {
  readonly parts: AuthorityParts;
  readonly caller: Caller;
  readonly wish: NewIntermediate;
  readonly subject: DistinguishedName;
  readonly parent: AuthorityRow;
  readonly pkcs8: Uint8Array;
  readonly signer: CertificateSigner;
  readonly lifetime: object;
}

async function certify(making: Making): Promise<AuthorityRow> {
  const { parts, caller, wish, parent, lifetime } = making;
  const certificate = await withIssuer(parts, { issuer: parent, passphrase: wish.passphrase, caller }, (issuer) =>
    signIntermediate(making, issuer),
  );
  const row = createRow(making);
  const place = { organisationId: caller.organisationId, authorityId: parent.id };
  await recordAuthority(parts, caller, {
    ...{ row, certificate, issuerId: parent.id, lifetime, action: 'authority.created' },
    assertStill: (tx) => assertIssuing(tx, place),
  });
  return row;
}

async function signIntermediate(
  { parts, wish, subject, signer, caller }: Making,
  issuer: Issuer,
): Promise<Certificate> {
  const chain = [issuer.certificate, ...issuer.chain];
  const slug = await readOrganisationSlug(parts.database.query, caller.organisationId);
  const written = await composeSubordinate(
    {
      ...{ subject, subjectKey: signer.subjectKey, pathLength: choosePathLength(chain, wish.pathLength) },
      ...chooseValidity('intermediate', { days: wish.days, now: parts.now(), issuer: issuer.certificate }),
    },
    issuer.certificate,
    locateAuthority(parts.pkiUrl, slug, issuer.name),
  );
  const certificate = parseCertificate(await signCertificate(written, issuer.signer));
  await assertSound(certificate, chain);
  return certificate;
}

async function request(making: Making): Promise<AuthorityRow> {
  const { parts, caller, wish, subject, signer, lifetime } = making;
  const extensions = encodeExtensions({
    basicConstraints: { isAuthority: true, pathLength: wish.pathLength ?? 0 },
    keyUsage: authorityKeyUsage,
    subjectKeyIdentifier: await deriveKeyIdentifier(signer.subjectKey),
  });
  const row = createRow(making, await signRequest({ subject, extensions }, signer));
  await recordAuthority(parts, caller, { row, lifetime, action: 'authority.requested' });
  return row;
}

function createRow({ parts, caller, wish, subject, parent, pkcs8, signer }: Making, asked?: Uint8Array): AuthorityRow {
  const at = parts.now();
  const place = { organisationId: caller.organisationId, authorityId: createId(at) };
  return createAuthorityRow(place, {
    ...{ name: wish.name, kind: 'intermediate', custody: 'server', parentId: parent.id, at },
    ...{ subject, subjectKey: signer.subjectKey },
    sealedKey: sealKey(parts.vault, place.authorityId, pkcs8),
    ...(asked && { request: asked }),
  });
}
