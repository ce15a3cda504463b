/** Taking over an authority that was made elsewhere: its key, its certificate, and those above it. */

import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import { importSubjectKey } from '@signpost/protocol/keys/verification-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { formatKeyLabel, keyLabels } from '../profiles/key-label.ts';
import { type AuthorityParts, type AuthorityPlace, assertNameFree } from './authority.ts';
import { assertPassphraseStrength, protectRootKey } from './dual-protection.ts';
import {
  type Family,
  findIssuer,
  growFamily,
  hasSigned,
  isSelfSigned,
  issuerUnknown,
  readFamily,
  requireIssuer,
} from './family.ts';
import { assertAuthority, describeRegistered } from './import-certificate.ts';
import { type KeyMaterial, type KeyMaterialFile, openKeyMaterial } from './key-material.ts';
import { createNodeSigner } from './node-signer.ts';
import { type AuthorityFacts, createAuthorityRow, describeOwn, type NewRecord, recordAuthorities } from './record.ts';
import { sealKey } from './sealed-keys.ts';
import { assertSound } from './sound.ts';
import type { AuthorityRow } from './store.ts';

/** An authority to be taken over. */
export interface AuthorityImport extends KeyMaterialFile {
  readonly name: string;
  /** For a root: the passphrase that it opens with from now on. */
  readonly passphrase?: string | undefined;
}

/**
 * Takes an authority over: a root under dual protection, an intermediate into the vault. Authorities above it that come in the
 * same file and are not known become registered as `NAME-issuer`, their keys being elsewhere. Throws TrustError for a file or a
 * certificate that breaks a rule; `invalid` for a key of a type that is not used here, or a weak passphrase; `trust_refused`
 * when no certificate is for the key, when it is no authority's, not valid now, or signed by nobody known; `conflict` for a
 * name or key that is here already.
 */
export async function importAuthority(
  parts: AuthorityParts,
  caller: Caller,
  given: AuthorityImport,
): Promise<AuthorityRow> {
  await assertNameFree(parts.database.query, caller.organisationId, given.name);
  const material = await openKeyMaterial(given);
  try {
    return await takeOver(parts, caller, { given, material });
  } finally {
    material.pkcs8.fill(0);
  }
}

async function takeOver(
  parts: AuthorityParts,
  caller: Caller,
  { given, material }: { given: AuthorityImport; material: KeyMaterial },
): Promise<AuthorityRow> {
  const { lifetime } = parts.vault;
  const at = parts.now();
  const signer = openSigner(material);
  await assertWorks(signer);
  const certificate = chooseOwn(material, signer);
  assertAuthority(certificate, at);
  const isRoot = await isSelfSigned(certificate);
  if (isRoot) assertPassphraseStrength(given.passphrase ?? '');
  const known = await readFamily(parts.database.query, caller.organisationId);
  const others = material.certificates.filter((one) => one !== certificate);
  const { family, records } = await climb({ caller, given, at, weakKeys: parts.weakKeys }, known, {
    certificate,
    others,
  });
  const found = isRoot ? undefined : await requireIssuer(family, certificate, at);
  await assertSound(certificate, found?.chain ?? [], parts);
  const place = { organisationId: caller.organisationId, authorityId: createId(at) };
  const key = await keepKey(parts, place, { pkcs8: material.pkcs8, passphrase: isRoot ? given.passphrase : undefined });
  const row = createAuthorityRow(place, {
    ...{ name: given.name, kind: isRoot ? 'root' : 'intermediate', parentId: found?.issuer.id ?? null, at, ...key },
    ...{ subject: certificate.subject, subjectKey: signer.subjectKey },
  });
  const issuerId = found?.issuer.id ?? row.id;
  const own = describeOwn(caller, { authority: row, certificate, issuerId, source: 'import', at });
  const all = [...records, { row, own, action: 'authority.imported' as const }];
  await recordAuthorities(parts, caller, { records: all, lifetime });
  return row;
}

/** A root under dual protection, which has a passphrase; an intermediate under the vault. */
async function keepKey(
  { vault, passphraseCost }: AuthorityParts,
  place: AuthorityPlace,
  { pkcs8, passphrase }: { readonly pkcs8: Uint8Array; readonly passphrase: string | undefined },
): Promise<Pick<AuthorityFacts, 'custody' | 'sealedKey' | 'dualProtection'>> {
  if (passphrase === undefined) return { custody: 'server', sealedKey: sealKey(vault, place.authorityId, pkcs8) };
  const given = { vault, passphrase, ...(passphraseCost && { cost: passphraseCost }) };
  const { ciphertext, protection } = await protectRootKey(place, pkcs8, given);
  return { custody: 'dual', sealedKey: ciphertext, dualProtection: protection };
}

function openSigner({ pkcs8 }: KeyMaterial): CertificateSigner {
  const signer = createSignerOf(pkcs8);
  const label = formatKeyLabel(signer.subjectKey);
  if (keyLabels.some((known) => known === label)) return signer;
  throw new Refusal('invalid', `expected a key of ${keyLabels.join(', ')}, got ${label}`, { rule: 'key-type' });
}

function createSignerOf(pkcs8: Uint8Array): CertificateSigner {
  try {
    return createNodeSigner(pkcs8);
  } catch (cause) {
    throw new Refusal('invalid', 'expected an ECDSA, RSA or Ed25519 key that can be used', {
      rule: 'key-material',
      cause,
    });
  }
}

/** A key whose numbers do not belong together signs what nobody can verify, and betrays itself by it. */
async function assertWorks(signer: CertificateSigner): Promise<void> {
  const message = new TextEncoder().encode('signpost: does this key sign?');
  const { algorithm, subjectKey } = signer;
  const key = await importSubjectKey(subjectKey);
  await key.verify({ algorithm, message, signature: await signer.sign(message) });
}

function chooseOwn({ certificates }: KeyMaterial, { subjectKey }: CertificateSigner): Certificate {
  const own = certificates.filter(({ spki }) => Buffer.compare(spki, subjectKey.spki) === 0);
  // Renewed ones may lie beside it.
  const [newest] = own.sort((left, right) => right.notAfter - left.notAfter);
  if (newest) return newest;
  throw new Refusal('trust_refused', 'expected a certificate for the key, got certificates for others', {
    rule: 'key-mismatch',
  });
}

/**
 * The family with all authorities above `certificate`, and the records of those among them that come from the file and are not
 * known yet, the highest first. Throws `trust_refused`, rule `issuer-unknown`, when one is missing.
 */
async function climb(
  climbing: Climb,
  family: Family,
  { certificate, others }: { readonly certificate: Certificate; readonly others: readonly Certificate[] },
): Promise<{ readonly family: Family; readonly records: readonly NewRecord[] }> {
  const { caller, given, at, weakKeys } = climbing;
  if ((await isSelfSigned(certificate)) || (await findIssuer(family, certificate, at))) return { family, records: [] };
  const issuer = await findSigner(others, certificate);
  if (!issuer) throw issuerUnknown();
  const left = others.filter((one) => one !== issuer);
  const above = await climb(climbing, family, { certificate: issuer, others: left });
  const number = above.records.length + 1;
  const name = `${given.name}-issuer${number === 1 ? '' : `-${number}`}`;
  const record = await describeRegistered(caller, above.family, { certificate: issuer, name, at, weakKeys });
  return { family: growFamily(above.family, record), records: [...above.records, record] };
}

interface Climb extends Pick<AuthorityParts, 'weakKeys'> {
  readonly caller: Caller;
  readonly given: AuthorityImport;
  readonly at: number;
}

async function findSigner(candidates: readonly Certificate[], certificate: Certificate) {
  for (const candidate of candidates) if (await hasSigned(candidate, certificate)) return candidate;
  return undefined;
}
