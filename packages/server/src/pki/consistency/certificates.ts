/** Holds rows of certificates against the certificates themselves, their issuers, and the keys in the vault. */

import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { isSameBytes } from '@signpost/protocol/bytes/compare';
import { TrustError } from '@signpost/protocol/errors';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import { recordAudit } from '../../audit/store.ts';
import { type AuthorityParts, AuthorityTree } from '../authorities/authority.ts';
import { openSealedKey } from '../authorities/sealed-keys.ts';
import { assertSound } from '../authorities/sound.ts';
import { type AuthorityRow, findAuthority } from '../authorities/store.ts';
import { importNodeKey } from '../certificates/node-verification-key.ts';
import { readCertificatePage, rewriteDerived } from '../certificates/store.ts';
import {
  type CertificateRow,
  certificateKeyPlace,
  type DerivedColumns,
  deriveColumns,
} from '../records/certificate-row.ts';
import { type Check, compareKey, type Finding, type KnownIssuer, type Problem, parseStored } from './finding.ts';

const pageSize = 200;

/** Checks all certificates of the caller's organisation, page by page; returns how many. */
export async function checkCertificates(check: Check, tell: (found: readonly Finding[]) => void): Promise<number> {
  const { organisationId } = check.caller;
  let [checked, after] = [0, ''];
  for (;;) {
    const rows = await readCertificatePage(check.parts.database.query, { organisationId, after, limit: pageSize });
    for (const row of rows) tell(await checkOne(check, row));
    checked += rows.length;
    const last = rows.at(-1);
    if (!last) return checked;
    after = last.id;
  }
}

async function checkOne(check: Check, row: CertificateRow): Promise<readonly Finding[]> {
  const certificate = parseStored(row.der, parseCertificate);
  if (!certificate) return [describe(row, 'der-unreadable', 'expected the DER of a certificate')];
  const issuer = await checkIssuer(check, row, certificate);
  const derived = deriveColumns(certificate);
  const differing = (Object.keys(derived) as (keyof DerivedColumns)[]).filter((name) => derived[name] !== row[name]);
  const columns =
    differing.length === 0
      ? []
      : await repairColumns(check, { row, derived, differing, isProven: issuer.length === 0 });
  return [
    ...issuer,
    ...columns,
    ...(await checkKey(check, row, certificate)),
    ...findWeakKey(check.parts, row, certificate),
  ];
}

/** Lists grow, and certificates are older than what is on them. */
function findWeakKey({ now, weakKeys }: AuthorityParts, row: CertificateRow, { spki }: Certificate): Finding[] {
  if (weakKeys.count === 0 || row.state === 'revoked' || row.not_after < now()) return [];
  return weakKeys.has(parseSubjectKey(spki)) ? [describe(row, 'key-known-weak', 'others have the private key')] : [];
}

async function checkIssuer(check: Check, row: CertificateRow, certificate: Certificate): Promise<readonly Finding[]> {
  // What somebody else issued is proven by nobody here; its fingerprint is all there is.
  if (row.issuer_id === null) return [];
  const known = check.issuers.get(row.issuer_id) ?? openKnown(check, row.issuer_id);
  check.issuers.set(row.issuer_id, known);
  const issuer = await known;
  if (!issuer) return [describe(row, 'issuer-missing', row.issuer_id)];
  try {
    await verifySigned(certificate, issuer.key);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return [describe(row, 'signature-wrong', error.message)];
  }
  const isInForce = row.state === 'valid' && row.not_after >= check.parts.now() && row.subject_authority_id === null;
  return isInForce && issuer.broken !== undefined ? [describe(row, 'chain-broken', issuer.broken)] : [];
}

async function openKnown({ parts, caller }: Check, id: string): Promise<KnownIssuer | undefined> {
  const row = await findAuthority(parts.database.query, caller.organisationId, { id });
  if (!row) return undefined;
  return { key: await importNodeKey(parseBase64(row.public_key)), broken: await findBreak(parts, row) };
}

/** Leaves of an ended authority have no chain by decision, not by damage. */
async function findBreak({ database, now, weakKeys }: AuthorityParts, row: AuthorityRow): Promise<string | undefined> {
  if (row.state !== 'active') return undefined;
  const [chain] = (await AuthorityTree.read(database.query, row.organisation_id)).listChains(row, now());
  const [own, ...above] = (chain ?? []).map(({ certificate }) => certificate);
  if (!own) return `no chain of ${row.name} is in force`;
  try {
    await assertSound(own, above, { weakKeys });
    return undefined;
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return error.message;
  }
}

interface Difference {
  readonly row: CertificateRow;
  readonly derived: DerivedColumns;
  readonly differing: readonly string[];
  readonly isProven: boolean;
}

async function repairColumns(
  check: Check,
  { row, derived, differing, isProven }: Difference,
): Promise<readonly Finding[]> {
  const { parts, caller, repair } = check;
  const finding = describe(row, 'columns-differ', differing.join(' '));
  // Somebody else's certificate proves itself only by the fingerprint that was stored with it.
  const isSafe = isProven && (row.issuer_id !== null || derived.fingerprint === row.fingerprint);
  if (!isSafe || !repair) return [{ ...finding, outcome: isSafe ? 'repairable' : 'open' }];
  const at = parts.now();
  const isDone = await parts.database.transaction(async (tx) => {
    // The stored text may be another encoding of the same DER.
    if (!(await rewriteDerived(tx, { id: row.id, ...derived, der: row.der }))) return false;
    const object = { kind: 'certificate', id: row.id };
    await recordAudit(tx, at, {
      ...caller,
      action: 'certificate.repaired',
      object,
      detail: { columns: finding.detail },
    });
    return true;
  });
  return isDone ? [{ ...finding, outcome: 'repaired' }] : [];
}

async function checkKey(check: Check, row: CertificateRow, certificate: Certificate): Promise<readonly Finding[]> {
  if (row.subject_authority_id !== null) return checkAuthorityKey(check, row, certificate);
  const sealed = row.sealed_key;
  if (sealed === null) return [];
  const { purpose, reference } = certificateKeyPlace(row.id);
  return openAndCompare(row, certificate, () => check.parts.vault.unseal(purpose, reference, sealed));
}

/**
 * Whether the certificate is for the authority's key, and the vault opens that key. Of a root under dual protection the other half is
 * a passphrase that nobody types for this; of an offline one there is nothing here.
 */
async function checkAuthorityKey(
  { parts, caller }: Check,
  row: CertificateRow,
  certificate: Certificate,
): Promise<readonly Finding[]> {
  const id = row.subject_authority_id ?? '';
  const authority = await findAuthority(parts.database.query, caller.organisationId, { id });
  if (!authority) return [describe(row, 'issuer-missing', id)];
  if (!isSameBytes(parseBase64(authority.public_key), certificate.spki)) {
    return [describe(row, 'key-differs', `the certificate is not for the key of ${authority.name}`)];
  }
  if (authority.custody !== 'server') return [];
  return openAndCompare(row, certificate, () => openSealedKey(parts, authority));
}

async function openAndCompare(
  row: CertificateRow,
  certificate: Certificate,
  open: () => Uint8Array,
): Promise<readonly Finding[]> {
  const wrong = await compareKey(open, certificate);
  return wrong ? [describe(row, wrong.problem, wrong.detail)] : [];
}

function describe({ id }: CertificateRow, problem: Problem, detail: string): Finding {
  return { certificateId: id, authority: undefined, problem, detail, outcome: 'open' };
}
