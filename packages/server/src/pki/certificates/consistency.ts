/** Holds the database of certificates against the certificates themselves, their issuers, and the keys in the vault. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { derivePublicKey } from '@signpost/protocol/keys/private-key';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import type { VerificationKey } from '@signpost/protocol/keys/verification-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { type AuthorityParts, AuthorityTree } from '../authorities/authority.ts';
import { openSealedKey } from '../authorities/sealed-keys.ts';
import { assertSound } from '../authorities/sound.ts';
import { type AuthorityRow, findAuthority } from '../authorities/store.ts';
import {
  type CertificateRow,
  certificateKeyPlace,
  type DerivedColumns,
  deriveColumns,
} from '../records/certificate-row.ts';
import { importNodeKey } from './node-verification-key.ts';
import { readCertificatePage, rewriteDerived } from './store.ts';

/** What may be wrong with a stored certificate. */
type Problem =
  | 'der-unreadable'
  | 'columns-differ'
  | 'issuer-missing'
  | 'signature-wrong'
  | 'chain-broken'
  | 'key-unreadable'
  | 'key-differs'
  | 'key-known-weak';

/** Something that is wrong. `repaired` only where the certificate itself proves what is right. */
interface Finding {
  readonly certificateId: string;
  readonly problem: Problem;
  /** Names of columns, or what a check said. */
  readonly detail: string;
  readonly outcome: 'repairable' | 'repaired' | 'open';
}

/** What a check found. */
export interface ConsistencyReport {
  readonly checked: number;
  readonly found: number;
  /** The first 1,000. */
  readonly findings: readonly Finding[];
}

const pageSize = 200;
const maxFindings = 1000;
const running = new WeakSet<Database>();

/**
 * Checks all certificates of the caller's organisation; with `repair` it writes derived columns again where the issuer's
 * signature proves the DER, each with its audit row. Throws `vault_locked`, and `conflict` while another check runs.
 */
export async function checkConsistency(
  parts: AuthorityParts,
  caller: Caller,
  { repair }: { readonly repair: boolean },
): Promise<ConsistencyReport> {
  // Without its keys half of the check would be missing.
  void parts.vault.lifetime;
  if (running.has(parts.database)) throw new Refusal('conflict', 'a check is under way', { rule: 'check-running' });
  running.add(parts.database);
  try {
    return await checkAll({ parts, caller, repair, issuers: new Map() });
  } finally {
    running.delete(parts.database);
  }
}

interface Check {
  readonly parts: AuthorityParts;
  readonly caller: Caller;
  readonly repair: boolean;
  readonly issuers: Map<string, Promise<KnownIssuer | undefined>>;
}

interface KnownIssuer {
  readonly key: VerificationKey;
  /** What is wrong with its own chain. */
  readonly broken: string | undefined;
}

async function checkAll(check: Check): Promise<ConsistencyReport> {
  const { organisationId } = check.caller;
  const findings: Finding[] = [];
  let [checked, found, after] = [0, 0, ''];
  for (;;) {
    const rows = await readCertificatePage(check.parts.database.query, { organisationId, after, limit: pageSize });
    for (const row of rows) {
      const some = await checkOne(check, row);
      found += some.length;
      findings.push(...some.slice(0, maxFindings - findings.length));
    }
    checked += rows.length;
    const last = rows.at(-1);
    if (!last) return { checked, found, findings };
    after = last.id;
  }
}

async function checkOne(check: Check, row: CertificateRow): Promise<readonly Finding[]> {
  const certificate = parseStored(row);
  if (!certificate) return [describe(row, 'der-unreadable', 'expected the DER of a certificate')];
  const issuer = await checkIssuer(check, row, certificate);
  const derived = deriveColumns(certificate);
  const differing = (Object.keys(derived) as (keyof DerivedColumns)[]).filter((name) => derived[name] !== row[name]);
  const columns =
    differing.length === 0
      ? []
      : [await repairColumns(check, { row, derived, differing, isProven: issuer.length === 0 })];
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

function parseStored({ der }: CertificateRow): Certificate | undefined {
  try {
    return parseCertificate(parseBase64(der));
  } catch {
    return undefined;
  }
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
    await assertSound(own, above, weakKeys);
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

async function repairColumns(check: Check, { row, derived, differing, isProven }: Difference): Promise<Finding> {
  const { parts, caller, repair } = check;
  const finding = describe(row, 'columns-differ', differing.join(' '));
  // Somebody else's certificate proves itself only by the fingerprint that was stored with it.
  const isSafe = isProven && (row.issuer_id !== null || derived.fingerprint === row.fingerprint);
  if (!isSafe || !repair) return { ...finding, outcome: isSafe ? 'repairable' : 'open' };
  const at = parts.now();
  await parts.database.transaction(async (tx) => {
    // The stored text may be another encoding of the same DER.
    if (!(await rewriteDerived(tx, { id: row.id, ...derived, der: row.der }))) return;
    const object = { kind: 'certificate', id: row.id };
    await recordAudit(tx, at, {
      ...caller,
      action: 'certificate.repaired',
      object,
      detail: { columns: finding.detail },
    });
  });
  return { ...finding, outcome: 'repaired' };
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
  if (Buffer.compare(parseBase64(authority.public_key), certificate.spki) !== 0) {
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
  try {
    const pkcs8 = new Uint8Array(open());
    const { spki } = await derivePublicKey(pkcs8);
    pkcs8.fill(0);
    const isSame = Buffer.compare(spki, certificate.spki) === 0;
    return isSame ? [] : [describe(row, 'key-differs', 'the sealed key is not the certified one')];
  } catch (error) {
    if (!(error instanceof TrustError || (error instanceof Refusal && error.rule === 'secret-unreadable'))) throw error;
    return [describe(row, 'key-unreadable', error.message)];
  }
}

function describe({ id }: CertificateRow, problem: Problem, detail: string): Finding {
  return { certificateId: id, problem, detail, outcome: 'open' };
}
