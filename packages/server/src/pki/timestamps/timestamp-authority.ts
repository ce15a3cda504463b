/** Timestamp authorities: switched on and off by people, their certificates renewed by themselves. */
import type { Transaction } from 'kysely';
import type { AuditAction } from '../../audit/actions.ts';
import { type Caller, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { type AuthorityParts, requireAuthority } from '../authorities/authority.ts';
import { findIssuerEnd } from '../authorities/issuer-end.ts';
import { certifyTimestampKey, storeTimestampCertificate } from './certificate.ts';
import {
  findTimestampAuthority,
  listTimestampAuthorities,
  saveTimestampAuthority,
  type TimestampAuthorityRow,
} from './store.ts';

/** What an admin chooses. */
export interface TimestampSettings {
  /** Dotted; the rules under which timestamps are made. */
  readonly policy: string;
  /** How far a stamped time may be from the true one. */
  readonly accuracyMs: number;
  /** Whether any two timestamps can be put in order by their times, which then have milliseconds. */
  readonly isOrdered: boolean;
}

/**
 * What is chosen when nobody chooses. The policy is an identifier of our own, without registration (X.667): what
 * docs/operations.md says of timestamps.
 */
const defaultSettings: TimestampSettings = {
  policy: '2.25.84693594217486747283590603288097311967',
  accuracyMs: 1000,
  isOrdered: false,
};

/** What makes it impossible to sign with a certificate. */
export type CertificateTrouble = 'revoked' | 'held' | 'expired' | 'due';

/**
 * Switches timestamps on, or changes how they are made; `settings` that are left out stay as they are. Throws `not_found`;
 * `conflict` for an authority that may not sign now, or only by a passphrase; `vault_locked`.
 */
export async function enableTimestamps(
  parts: AuthorityParts,
  caller: Caller,
  { name, settings }: { readonly name: string; readonly settings: Partial<TimestampSettings> },
): Promise<TimestampAuthorityRow> {
  const { organisationId } = caller;
  const authority = await requireAuthority(parts.database.query, organisationId, name);
  const before = await findTimestampAuthority(parts.database.query, organisationId, name);
  const chosen = { ...(before ? settingsOf(before) : defaultSettings), ...settings };
  const isOn = before !== undefined && before.disabled_at === null;
  if (isOn && (await findRenewal(parts, before)) === undefined) await change(parts, caller, { name, settings: chosen });
  else await certify(parts, caller, { authorityId: authority.id, name, settings: chosen, before });
  return requireTimestamps(parts.database.query, organisationId, name);
}

function settingsOf(row: TimestampAuthorityRow): TimestampSettings {
  return { policy: row.policy, accuracyMs: row.accuracy_ms, isOrdered: row.is_ordered === 1 };
}

async function change(
  { database, now }: AuthorityParts,
  caller: Caller,
  { name, settings }: { readonly name: string; readonly settings: TimestampSettings },
): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await requireTimestamps(tx, caller.organisationId, name);
    if (JSON.stringify(settingsOf(row)) === JSON.stringify(settings)) return;
    await saveTimestampAuthority(tx, { ...tableOf(row), ...columnsOf(settings) });
    await recordAct(tx, caller, { row, settings, action: 'timestamps.changed', at: now() });
  });
}

/** What is to be certified. */
interface Certification {
  readonly authorityId: string;
  readonly name: string;
  readonly settings: TimestampSettings;
  readonly before: TimestampAuthorityRow | undefined;
}

/** Gives the timestamp authority a new certificate and key, and switches it on. */
async function certify(
  parts: AuthorityParts,
  caller: Caller,
  { authorityId, name, settings, before }: Certification,
): Promise<void> {
  const { organisationId } = caller;
  const made = await certifyTimestampKey(parts, caller, { name, replacesId: before?.certificate_id });
  const at = parts.now();
  const isRenewal = before !== undefined && before.disabled_at === null;
  try {
    await parts.database.transaction(async (tx) => {
      const sealedKey = await storeTimestampCertificate(tx, parts.vault, made);
      const row = {
        ...{ authority_id: authorityId, organisation_id: organisationId, certificate_id: made.id },
        ...{ sealed_key: sealedKey, ...columnsOf(settings), reserved_until: at, enabled_at: at, disabled_at: null },
      };
      await saveTimestampAuthority(tx, row);
      const action = isRenewal ? 'timestamps.renewed' : 'timestamps.enabled';
      await recordAct(tx, caller, { row: { ...row, name }, settings, action, at });
    });
  } finally {
    made.pkcs8.fill(0);
  }
}

/** Switches timestamps off; the key is gone. Throws `not_found` when they are not on. */
export async function disableTimestamps(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  caller: Caller,
  name: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await requireTimestamps(tx, caller.organisationId, name);
    const at = now();
    await saveTimestampAuthority(tx, { ...tableOf(row), sealed_key: null, disabled_at: at });
    await recordAct(tx, caller, { row, action: 'timestamps.disabled', at });
  });
}

/** The timestamp authority of `name`. Throws `not_found`, also when it is switched off. */
export async function requireTimestamps(
  query: Query,
  organisationId: string,
  name: string,
): Promise<TimestampAuthorityRow> {
  const row = await findTimestampAuthority(query, organisationId, name);
  if (row && row.disabled_at === null) return row;
  throw new Refusal('not_found', 'there are no timestamps of such an authority', {
    hint: 'signpost ca tsa enable',
  });
}

/**
 * Why another certificate is needed: the one that signs is no good any more, or less than two thirds of its life are left. That
 * early, since a timestamp is worth most while the certificate under it is valid.
 */
export function findTrouble(row: TimestampAuthorityRow, at: number): CertificateTrouble | undefined {
  if (row.certificate_state !== 'valid') return row.certificate_state;
  if (at > row.not_after) return 'expired';
  return at > row.not_before + (row.not_after - row.not_before) / 3 ? 'due' : undefined;
}

/** The same, asking whether another one would be of use: it is not due where it would end with the same issuer. */
export async function findRenewal(
  parts: Pick<AuthorityParts, 'database' | 'now'>,
  row: TimestampAuthorityRow,
): Promise<CertificateTrouble | undefined> {
  const trouble = findTrouble(row, parts.now());
  if (trouble !== 'due') return trouble;
  const end = await findIssuerEnd(parts, row.organisation_id, row.name);
  return end !== undefined && row.not_after >= end ? undefined : trouble;
}

/**
 * Gives every timestamp authority a new certificate whose own is due, expired or revoked; one on hold stays. Returns the
 * names of those that could not be renewed, with the reason.
 */
export async function renewTimestampCertificates(
  parts: AuthorityParts,
): Promise<readonly { readonly name: string; readonly error: unknown }[]> {
  const failures: { readonly name: string; readonly error: unknown }[] = [];
  if (parts.vault.state !== 'unlocked') return failures;
  for (const row of await listTimestampAuthorities(parts.database.query)) {
    // A retired one signs with what it has, to its end.
    if (row.authority_state !== 'active') continue;
    await renewTimestamps(parts, row).catch((error: unknown) => failures.push({ name: row.name, error }));
  }
  return failures;
}

/** Renews one, if it needs it. */
export async function renewTimestamps(parts: AuthorityParts, row: TimestampAuthorityRow): Promise<void> {
  const trouble = await findRenewal(parts, row);
  if (trouble === undefined || trouble === 'held') return;
  const caller = { organisationId: row.organisation_id, actor: systemActor };
  await certify(parts, caller, {
    ...{ authorityId: row.authority_id, name: row.name, settings: settingsOf(row), before: row },
  });
}

function columnsOf({ policy, accuracyMs, isOrdered }: TimestampSettings) {
  return { policy, accuracy_ms: accuracyMs, is_ordered: isOrdered ? 1 : 0 };
}

function tableOf(row: TimestampAuthorityRow) {
  const { authority_id, organisation_id, certificate_id, sealed_key, policy, accuracy_ms, is_ordered } = row;
  const { reserved_until, enabled_at, disabled_at } = row;
  return {
    ...{ authority_id, organisation_id, certificate_id, sealed_key, policy, accuracy_ms, is_ordered },
    ...{ reserved_until, enabled_at, disabled_at },
  };
}

interface TimestampAct {
  readonly row: { readonly authority_id: string; readonly name: string; readonly certificate_id: string };
  readonly action: Extract<AuditAction, `timestamps.${string}`>;
  readonly settings?: TimestampSettings;
  readonly at: number;
}

async function recordAct(tx: Transaction<Schema>, caller: Caller, act: TimestampAct): Promise<void> {
  const { row, action, settings, at } = act;
  await recordAudit(tx, at, {
    ...caller,
    action,
    object: { kind: 'authority', id: row.authority_id },
    detail: {
      ...{ name: row.name, certificate: row.certificate_id },
      ...(settings && { policy: settings.policy, accuracy_ms: settings.accuracyMs, ordered: settings.isOrdered }),
    },
  });
}
