/** Certificates that were signed elsewhere: of authorities here, and of authorities whose key is elsewhere. */
import { createHash } from 'node:crypto';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, isAuthority } from '@signpost/protocol/x509/certificate';
import { formatName, isSameName } from '@signpost/protocol/x509/name';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { type AuthorityParts, assertNameFree, parseName } from './authority.ts';
import { type Family, findHolder, isSelfSigned, readFamily, requireIssuer } from './family.ts';
import { assertByProfile, requireProfileOf } from './intermediate-profile.ts';
import { parseCertificates } from './key-material.ts';
import { createAuthorityRow, describeOwn, type NewRecord, recordAuthorities, recordCertificate } from './record.ts';
import { assertSound } from './sound.ts';
import type { AuthorityRow } from './store.ts';

/** What is handed in. */
export interface CertificateImport {
  /** One certificate that is not known yet; others beside it must be. */
  readonly pem: string;
  /** The name for an authority whose key is elsewhere, such as an offline root. */
  readonly name?: string;
}

/**
 * Takes a certificate in. For the key of an authority here it becomes one of its certificates, and a pending authority
 * becomes active; for another key it registers the authority `name`, whose key stays elsewhere. Throws TrustError for a
 * certificate that is none or that breaks a rule of RFC 5280, `trust_refused` for one that is not what was asked for or that
 * nobody here signed, `conflict` for one that is known.
 */
export async function importCertificate(
  parts: AuthorityParts,
  caller: Caller,
  given: CertificateImport,
): Promise<AuthorityRow> {
  const family = await readFamily(parts.database.query, caller.organisationId);
  const certificate = chooseNew(family, parseCertificates(given.pem));
  assertAuthority(certificate, parts.now());
  const holder = findHolder(family, certificate);
  return holder
    ? certifyHolder(parts, caller, { family, holder, certificate })
    : registerAuthority(parts, caller, { family, certificate, name: given.name });
}

/** What an authority's own certificate must be, whoever signed it. Throws `trust_refused` and TrustError. */
export function assertAuthority(certificate: Certificate, at: number): void {
  const { keyUsage } = certificate.extensions;
  const signs = keyUsage === undefined || (keyUsage.value.has('keyCertSign') && keyUsage.value.has('cRLSign'));
  if (!isAuthority(certificate) || !signs) {
    throw refuse('not-an-authority', 'expected a certificate of an authority (CA:TRUE, certificate and CRL signing)');
  }
  if (at < certificate.notBefore || at > certificate.notAfter) {
    const [from, to] = [certificate.notBefore, certificate.notAfter].map((time) => new Date(time).toISOString());
    throw refuse('validity', `expected a certificate that is valid now, got one from ${from} to ${to}`);
  }
  const key = parseSubjectKey(certificate.spki);
  if (key.kind === 'rsa' && (key.modulusBits < 2048 || key.modulusBits > 4096)) {
    throw refuse('key-type', `expected RSA of 2048 to 4096 bits, got ${key.modulusBits}`);
  }
}

async function certifyHolder(
  parts: AuthorityParts,
  caller: Caller,
  { family, holder, certificate }: { family: Family; holder: AuthorityRow; certificate: Certificate },
): Promise<AuthorityRow> {
  assertFits(family, holder, certificate);
  if (holder.profile !== null) assertByProfile(await requireProfileOf(parts, holder), certificate);
  const isOwn = holder.kind === 'root' && (await isSelfSigned(certificate));
  const found = isOwn ? undefined : await requireIssuer(family, certificate, parts.now());
  await assertSound(certificate, found?.chain ?? [], parts);
  const issuer = found?.issuer ?? holder;
  const facts = { certificate, issuerId: issuer.id, source: 'import', at: parts.now() } as const;
  const own = describeOwn(caller, { authority: holder, ...facts });
  return recordCertificate(parts, caller, { row: holder, issuer, own });
}

/** The name and the key identifier are part of every certificate below, and cannot change. */
function assertFits({ tree }: Family, holder: AuthorityRow, certificate: Certificate): void {
  if (holder.state === 'revoked' || holder.state === 'retired') {
    throw new Refusal('conflict', `the authority ${holder.name} is ${holder.state}`, { rule: 'authority-state' });
  }
  const subject = parseName(holder.subject);
  if (!isSameName(subject, certificate.subject)) {
    throw refuse('subject', `expected the subject ${formatName(subject)}, got ${formatName(certificate.subject)}`);
  }
  const identifiers = tree.listCertificates(holder.id).map(({ certificate: known }) => identifierOf(known));
  if (identifiers.some((known) => known !== identifierOf(certificate))) {
    throw refuse('key-identifier', 'expected the subject key identifier of the certificates before');
  }
}

function identifierOf({ extensions }: Certificate): string {
  return encodeHex(extensions.subjectKeyIdentifier?.value ?? new Uint8Array());
}

async function registerAuthority(
  parts: AuthorityParts,
  caller: Caller,
  { family, certificate, name }: { family: Family; certificate: Certificate; name: string | undefined },
): Promise<AuthorityRow> {
  if (name === undefined) {
    throw new Refusal('invalid', 'this key is new: expected a name for its authority', {
      rule: 'authority-name',
      hint: 'signpost ca import-certificate --name NAME FILE',
    });
  }
  await assertNameFree(parts.database.query, caller.organisationId, name);
  const { weakKeys } = parts;
  const record = await describeRegistered(caller, family, { certificate, name, at: parts.now(), weakKeys });
  await recordAuthorities(parts, caller, { records: [record] });
  return record.row;
}

interface Registered extends Pick<AuthorityParts, 'weakKeys'> {
  readonly certificate: Certificate;
  readonly name: string;
  readonly at: number;
}

/** The record of an authority whose key is elsewhere, checked. Throws as `importCertificate` does. */
export async function describeRegistered(
  caller: Caller,
  family: Family,
  { certificate, name, at, weakKeys }: Registered,
): Promise<Required<NewRecord>> {
  assertAuthority(certificate, at);
  const found = (await isSelfSigned(certificate)) ? undefined : await requireIssuer(family, certificate, at);
  await assertSound(certificate, found?.chain ?? [], { weakKeys });
  const place = { organisationId: caller.organisationId, authorityId: createId(at) };
  const row = createAuthorityRow(place, {
    ...{ name, kind: found ? 'intermediate' : 'root', custody: 'offline', parentId: found?.issuer.id ?? null, at },
    ...{ subject: certificate.subject, subjectKey: parseSubjectKey(certificate.spki) },
  });
  const issuerId = found?.issuer.id ?? row.id;
  const own = describeOwn(caller, { authority: row, certificate, issuerId, source: 'import', at });
  return { row, own, action: 'authority.imported' };
}

function chooseNew({ tree, authorities }: Family, certificates: readonly Certificate[]): Certificate {
  const known = new Set(authorities.flatMap(({ id }) => tree.listCertificates(id).map(({ row }) => row.fingerprint)));
  const fresh = certificates.filter(({ bytes }) => !known.has(createHash('sha256').update(bytes).digest('hex')));
  const [one, ...others] = fresh;
  if (!one) throw new Refusal('conflict', 'this certificate is known already', { rule: 'certificate-known' });
  if (others.length === 0) return one;
  throw new Refusal('invalid', `expected one new certificate at a time, got ${fresh.length}`, {
    rule: 'several-certificates',
    hint: 'begin with the root',
  });
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('trust_refused', message, { rule });
}
