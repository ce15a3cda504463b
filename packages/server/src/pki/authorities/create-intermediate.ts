/** Making an intermediate below an authority: signed at once, or pending until an offline authority has signed its request. */

import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import type { DistinguishedName } from '@signpost/protocol/x509/name';
import { parseRequest } from '@signpost/protocol/x509/request';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { assertKey } from '../profiles/contents.ts';
import { parseKeyLabel } from '../profiles/key-label.ts';
import type { Profile } from '../profiles/profile.ts';
import { decideValidity } from '../profiles/validity.ts';
import { type AuthorityParts, assertNameFree, parseName, requireAuthority } from './authority.ts';
import { requireIntermediateProfile, usualProfile } from './intermediate-profile.ts';
import { assertIssuing, assertState } from './issuer.ts';
import { generateAuthorityKey } from './new-key.ts';
import { createNodeSigner } from './node-signer.ts';
import { createAuthorityRow, describeOwn, recordAuthorities } from './record.ts';
import { sealKey } from './sealed-keys.ts';
import { signAuthorityRequest, signBelow } from './sign-authority.ts';
import type { AuthorityRow } from './store.ts';
import { dayMs, type NewSubordinate } from './wish.ts';
import { withIssuer } from './with-issuer.ts';

/** An intermediate to be made. */
export interface NewIntermediate extends NewSubordinate {
  /** The name of the authority above. */
  readonly parent: string;
  /** The parent's, where it is a root on this server. */
  readonly passphrase?: string | undefined;
}

/**
 * Makes an intermediate: active with its certificate, or `pending` with a request when the parent's key is offline. Throws
 * `not_found` for parent or profile; `invalid` for a wish that cannot be or that parent or profile do not allow; `conflict` when the name
 * is taken or the parent may not sign; what `withRootSigner` throws.
 */
export async function createIntermediate(
  parts: AuthorityParts,
  caller: Caller,
  wish: NewIntermediate,
): Promise<AuthorityRow> {
  await assertNameFree(parts.database.query, caller.organisationId, wish.name);
  const parent = await requireAuthority(parts.database.query, caller.organisationId, wish.parent);
  assertState(parent, 'certificates');
  const profile = await requireIntermediateProfile(parts, caller.organisationId, wish.profile);
  // Before a key is made, which takes seconds for large ones.
  assertKey(profile, parseKeyLabel(wish.keyType));
  const { lifetime } = parts.vault;
  const pkcs8 = await generateAuthorityKey(wish.keyType);
  const making = { parts, caller, wish, profile, parent, pkcs8, signer: createNodeSigner(pkcs8), lifetime };
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
  readonly profile: Profile;
  readonly parent: AuthorityRow;
  readonly pkcs8: Uint8Array;
  readonly signer: CertificateSigner;
  readonly lifetime: object;
}

async function certify(making: Making): Promise<AuthorityRow> {
  const { parts, caller, wish, profile, parent, lifetime, signer } = making;
  const { subject, days, pathLength, nameConstraints } = wish;
  const asked = { profile, subject, publicKey: signer.subjectKey, days, pathLength, nameConstraints };
  const certificate = await withIssuer(parts, { issuer: parent, passphrase: wish.passphrase, caller }, (issuer) =>
    signBelow(parts, issuer, asked),
  );
  const row = createRow(making, { subject: certificate.subject });
  const place = { organisationId: caller.organisationId, authorityId: parent.id };
  const facts = { authority: row, certificate, issuerId: parent.id, source: 'system', at: row.created_at } as const;
  const records = [{ row, own: describeOwn(caller, facts), action: 'authority.created' }] as const;
  await recordAuthorities(parts, caller, { records, lifetime, assertStill: (tx) => assertIssuing(tx, place) });
  return row;
}

async function request(making: Making): Promise<AuthorityRow> {
  const { parts, caller, wish, profile, parent, signer, lifetime } = making;
  const { subject, days, pathLength, nameConstraints } = wish;
  // A request says nothing of it, but what its profile would refuse is not to be signed elsewhere either.
  if (days !== undefined)
    decideValidity(profile, { now: parts.now(), lifetimeMs: days * dayMs, issuerNotAfter: undefined });
  if (nameConstraints) {
    throw new Refusal('invalid', 'name constraints of this authority are for whoever signs its request', {
      rule: 'name-constraints',
    });
  }
  const bytes = await signAuthorityRequest(signer, { profile, subject, pathLength, issuer: parseName(parent.subject) });
  const row = createRow(making, { subject: parseRequest(bytes).subject, request: bytes });
  await recordAuthorities(parts, caller, { records: [{ row, action: 'authority.requested' }], lifetime });
  return row;
}

function createRow(
  { parts, caller, wish, profile, parent, pkcs8, signer }: Making,
  facts: { readonly subject: DistinguishedName; readonly request?: Uint8Array },
): AuthorityRow {
  const at = parts.now();
  const place = { organisationId: caller.organisationId, authorityId: createId(at) };
  return createAuthorityRow(place, {
    ...{ name: wish.name, kind: 'intermediate', custody: 'server', parentId: parent.id, at },
    ...{ ...facts, subjectKey: signer.subjectKey },
    profile: profile.name === usualProfile ? undefined : profile.name,
    sealedKey: sealKey(parts.vault, place.authorityId, pkcs8),
  });
}
