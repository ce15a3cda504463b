/** Keys that the server made, handed out: to admins who have typed their password again, and never without an audit row. */
import { randomInt } from 'node:crypto';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { encryptedKeyLabel, encryptPrivateKey } from '@signpost/protocol/cms/encrypted-key';
import { encodePkcs12 } from '@signpost/protocol/cms/write-pkcs12';
import type { Transaction } from 'kysely';
import type { AuditAction } from '../../../audit/actions.ts';
import type { Caller } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import type { Database, Query } from '../../../storage/database.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { Vault } from '../../../vault/vault.ts';
import { type CertificateRow, certificateKeyPlace } from '../../records/certificate-row.ts';
import { findCertificate } from '../../records/store.ts';
import type { DownloadedFile } from './certificate-file.ts';
import { certificateOf, readChain } from './chain.ts';
import { nameFile } from './file-name.ts';
import { forgetSealedPassword, keepSealedPassword } from './store.ts';

/** What handing out keys needs. */
export interface KeyParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
}

/** The certificate `id`. Throws `not_found`, also for those of other organisations. */
export async function requireCertificate(query: Query, organisationId: string, id: string): Promise<CertificateRow> {
  const row = await findCertificate(query, organisationId, id);
  if (!row) throw new Refusal('not_found', 'no such certificate', { hint: 'signpost cert list' });
  return row;
}

/**
 * The private key as PEM: PKCS#8, encrypted where there is a passphrase. Throws `not_found`; `conflict` when the server did not make
 * the key; `vault_locked`.
 */
export async function exportPrivateKey(
  { database, vault, now }: KeyParts,
  caller: Caller,
  { id, passphrase }: { readonly id: string; readonly passphrase: string | undefined },
): Promise<DownloadedFile> {
  const row = await requireCertificate(database.query, caller.organisationId, id);
  const pkcs8 = openKey(vault, row);
  try {
    const bytes =
      passphrase === undefined
        ? encodePem('PRIVATE KEY', pkcs8)
        : encodePem(encryptedKeyLabel, await encryptPrivateKey(pkcs8, passphrase));
    const detail = { encrypted: passphrase !== undefined };
    await database.transaction((tx) =>
      record(tx, caller, { row, action: 'certificate.key_exported', detail, at: now() }),
    );
    return { bytes: encodeText(bytes), mediaType: 'application/x-pem-file', name: `${nameFile(row)}.key.pem` };
  } finally {
    pkcs8.fill(0);
  }
}

/**
 * Key, certificate and chain as PKCS#12, under a password that the server makes and shows once (`showPkcs12Password`). Throws as
 * `exportPrivateKey` does, and `conflict` when there is no chain.
 */
export async function exportPkcs12(parts: KeyParts, caller: Caller, id: string): Promise<DownloadedFile> {
  const { database, vault, now } = parts;
  const row = await requireCertificate(database.query, caller.organisationId, id);
  const pkcs8 = openKey(vault, row);
  try {
    const chain = await readChain(database.query, row, now());
    const password = await takePassword(parts, caller, id);
    const name = nameFile(row);
    const bytes = await encodePkcs12(
      {
        pkcs8,
        certificate: certificateOf(row).bytes,
        chain: chain.map((one) => one.bytes),
        friendlyName: row.common_name || name,
      },
      password,
    );
    return { bytes, mediaType: 'application/pkcs12', name: `${name}.p12` };
  } finally {
    pkcs8.fill(0);
  }
}

/** The password that the next files are written under: the one that waits to be shown, or a new one. Recorded in any case. */
async function takePassword({ database, vault, now }: KeyParts, caller: Caller, id: string): Promise<string> {
  return database.transaction(async (tx) => {
    const row = await requireCertificate(tx, caller.organisationId, id);
    const password = row.sealed_password === null ? createPassword() : openPassword(vault, id, row.sealed_password);
    if (row.sealed_password === null) await keepSealedPassword(tx, id, sealPassword(vault, id, password));
    await record(tx, caller, { row, action: 'certificate.p12_exported', at: now() });
    return password;
  });
}

/**
 * The password of the PKCS#12 files that were made since it was shown last, which is forgotten with this: the next file has another.
 * Throws `not_found`; `conflict` when there is none; `vault_locked`.
 */
export async function showPkcs12Password(
  { database, vault, now }: KeyParts,
  caller: Caller,
  id: string,
): Promise<string> {
  return database.transaction(async (tx) => {
    const row = await requireCertificate(tx, caller.organisationId, id);
    if (row.sealed_password === null) {
      throw new Refusal('conflict', 'no PKCS#12 file waits for its password to be shown', {
        rule: 'no-p12-password',
        hint: 'each password is shown once: make the file anew',
      });
    }
    const password = openPassword(vault, id, row.sealed_password);
    await forgetSealedPassword(tx, id);
    await record(tx, caller, { row, action: 'certificate.p12_password_shown', at: now() });
    return password;
  });
}

function openKey(vault: Vault, { id, sealed_key }: CertificateRow): Uint8Array<ArrayBuffer> {
  if (sealed_key === null) {
    throw new Refusal('conflict', 'there is no private key to hand out for this certificate', {
      rule: 'key-elsewhere',
    });
  }
  const { purpose, reference } = certificateKeyPlace(id);
  return new Uint8Array(vault.unseal(purpose, reference, sealed_key));
}

const passwordPurpose = 'certificate-p12-password';

function sealPassword(vault: Vault, id: string, password: string): string {
  return vault.seal(passwordPurpose, `certificate/${id}`, encodeText(password));
}

function openPassword(vault: Vault, id: string, sealed: string): string {
  return parseText(vault.unseal(passwordPurpose, `certificate/${id}`, sealed));
}

/** Without letters and digits that look alike, since people type it. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/** 148 bits in six groups of five: `k3m9x-…`. */
function createPassword(): string {
  const letters = Array.from({ length: 30 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return letters.replace(/.{5}(?!$)/g, '$&-');
}

interface KeyAct {
  readonly row: CertificateRow;
  readonly action: Extract<AuditAction, `certificate.${'key' | 'p12'}_${string}`>;
  readonly detail?: Readonly<Record<string, boolean>>;
  readonly at: number;
}

async function record(tx: Transaction<Schema>, caller: Caller, { row, action, detail, at }: KeyAct): Promise<void> {
  await recordAudit(tx, at, {
    ...caller,
    action,
    object: { kind: 'certificate', id: row.id },
    detail: { serial: row.serial, subject: row.subject, ...detail },
  });
}
