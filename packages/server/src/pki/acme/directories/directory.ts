/** ACME directories: what clients enrol with, and under which rules. An admin makes them. */
import type { AuditAction } from '../../../audit/actions.ts';
import type { Caller } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import type { AddressPolicy } from '../../../http/outgoing/address-policy.ts';
import type { Database, Query } from '../../../storage/database.ts';
import { createId } from '../../../storage/ids.ts';
import type { AcmeDirectoryTable } from '../../../storage/tables/acme.ts';
import { violationOf } from '../../../storage/violation.ts';
import { findProfile } from '../../profiles/profile.ts';
import { readRules } from '../../profiles/rules.ts';
import { isNamePattern } from '../orders/allowed-names.ts';
import { withdrawChallenges } from '../orders/withdrawn-challenges.ts';
import {
  type DirectoryRow,
  findAuthorityId,
  findDirectoryRow,
  insertDirectory,
  recallDirectoryRow,
  recallDirectoryRowById,
  updateDirectory,
} from './store.ts';

/** The ways to prove control of a name (RFC 8555, 8; RFC 8737). */
export const challengeTypes = ['http-01', 'dns-01', 'tls-alpn-01'] as const;

/** One of them. */
export type ChallengeType = (typeof challengeTypes)[number];

/** What clients may choose from (draft-ietf-acme-profiles); the first one is the default. */
export interface OfferedProfile {
  /** As clients name it. */
  readonly name: string;
  /** The profile of the server that it stands for. */
  readonly profile: string;
  readonly description: string;
}

/** How much one client may ask for; 0 lifts a limit. */
interface DirectoryLimits {
  /** New accounts an hour and address. */
  readonly accounts: number;
  /** New orders an hour and account. */
  readonly orders: number;
  /** Failed validations an hour, account and name. */
  readonly failures: number;
}

/** The rules of a directory. */
export interface DirectoryRules {
  /** The name of the authority that issues. */
  readonly authority: string;
  readonly profiles: readonly OfferedProfile[];
  /** What may be asked for, beyond the organisation's own policy; empty leaves it to that. */
  readonly names: readonly string[];
  readonly challenges: readonly ChallengeType[];
  readonly limits: DirectoryLimits;
  /** Whether an account needs a binding key. */
  readonly bindingRequired: boolean;
  readonly termsUrl: string | null;
  /** Where validation may connect to: `private` adds private networks, `any` this machine and link-local addresses. */
  readonly addresses: AddressPolicy;
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly state: 'open' | 'closed';
}

/** A directory with its rules. */
export interface Directory extends DirectoryRules {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly createdAt: number;
}

/** What directories work with. */
export interface DirectoryDependencies {
  readonly database: Database;
  readonly now: () => number;
}

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** Makes a directory. Throws `invalid` for rules that contradict each other, `conflict` for a name that is taken. */
export async function createDirectory(
  { database, now }: DirectoryDependencies,
  caller: Caller,
  { name, rules }: { name: string; rules: DirectoryRules },
): Promise<Directory> {
  if (!namePattern.test(name)) throw refuse('acme-name', 'expected a name of lower-case letters, digits and hyphens');
  await assertProfiles(database, caller, rules.profiles);
  const at = now();
  const id = createId(at);
  await database
    .transaction(async (tx) => {
      const columns = await columnsOf(tx, caller, rules);
      await insertDirectory(tx, { id, organisation_id: caller.organisationId, name, ...columns, created_at: at });
      await recordAct(tx, { caller, at, action: 'acme.directory_created', name, rules });
    })
    .catch((error: unknown) => {
      if (violationOf(error) !== 'unique') throw error;
      throw new Refusal('conflict', `the directory ${name} is there already`, { rule: 'acme-name-taken' });
    });
  return { id, organisationId: caller.organisationId, name, createdAt: at, ...rules };
}

/** Changes rules of a directory; the others stay. What was proven by a challenge that it takes away is worth nothing at once. Throws `not_found`, and as `createDirectory` does. */
export async function changeDirectory(
  { database, now }: DirectoryDependencies,
  caller: Caller,
  { name, change }: { name: string; change: Partial<DirectoryRules> },
): Promise<Directory> {
  await assertProfiles(database, caller, change.profiles ?? []);
  const at = now();
  return database.transaction(async (tx) => {
    const directory = await requireDirectory(tx, caller.organisationId, name);
    const changed = { ...directory, ...change };
    await updateDirectory(tx, directory.id, await columnsOf(tx, caller, changed));
    await withdrawChallenges(tx, directory.id, { before: directory.challenges, offered: changed.challenges });
    await recordAct(tx, { caller, at, action: 'acme.directory_changed', name, rules: changed });
    return changed;
  });
}

/** The directory with that name. Throws `not_found` when the organisation has none. */
export async function requireDirectory(query: Query, organisationId: string, name: string): Promise<Directory> {
  const row = namePattern.test(name) ? await findDirectoryRow(query, organisationId, name) : undefined;
  if (!row) throw refuseUnknown();
  return readDirectory(row);
}

/** The same, kept until it changes. Not for transactions. */
export async function recallDirectory(query: Query, organisationId: string, name: string): Promise<Directory> {
  const row = namePattern.test(name) ? await recallDirectoryRow(query, organisationId, name) : undefined;
  if (!row) throw refuseUnknown();
  return readOnce(row);
}

/** The directory with that id, or undefined; kept until it changes. Not for transactions. */
export async function recallDirectoryById(query: Query, id: string): Promise<Directory | undefined> {
  const row = await recallDirectoryRowById(query, id);
  return row && readOnce(row);
}

function refuseUnknown(): Refusal {
  return new Refusal('not_found', 'no such ACME directory');
}

const directories = new WeakMap<DirectoryRow, Directory>();

function readOnce(row: DirectoryRow): Directory {
  const directory = directories.get(row) ?? readDirectory(row);
  directories.set(row, directory);
  return directory;
}

/** A stored directory as it is used. */
export function readDirectory(row: DirectoryRow): Directory {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    name: row.name,
    authority: row.authority_name,
    profiles: JSON.parse(row.profiles) as OfferedProfile[],
    names: JSON.parse(row.names) as string[],
    challenges: JSON.parse(row.challenges) as ChallengeType[],
    limits: JSON.parse(row.limits) as DirectoryLimits,
    bindingRequired: row.binding_required === 1,
    termsUrl: row.terms_url,
    addresses: row.addresses,
    httpPort: row.http_port,
    tlsPort: row.tls_port,
    state: row.state,
    createdAt: row.created_at,
  };
}

type RuleColumns = Omit<AcmeDirectoryTable, 'id' | 'organisation_id' | 'name' | 'created_at'>;

async function columnsOf(query: Query, caller: Caller, rules: DirectoryRules): Promise<RuleColumns> {
  assertRules(rules);
  const authorityId = await findAuthorityId(query, caller.organisationId, rules.authority);
  if (authorityId === undefined) {
    throw refuse('acme-authority', `expected ${rules.authority} to be an active authority`);
  }
  return {
    authority_id: authorityId,
    profiles: JSON.stringify(rules.profiles),
    names: JSON.stringify(rules.names),
    challenges: JSON.stringify(rules.challenges),
    limits: JSON.stringify(rules.limits),
    binding_required: rules.bindingRequired ? 1 : 0,
    terms_url: rules.termsUrl,
    addresses: rules.addresses,
    http_port: rules.httpPort,
    tls_port: rules.tlsPort,
    state: rules.state,
  };
}

/** Clients are offered only what the authority may give to hosts. */
async function assertProfiles(
  database: Database,
  { organisationId }: Caller,
  offered: readonly OfferedProfile[],
): Promise<void> {
  const { profiles } = await readRules({ database }, organisationId);
  for (const { profile } of offered) {
    const { kind, names } = findProfile(profiles, profile);
    if (kind === 'leaf' && names.kinds.includes('dns')) continue;
    throw refuse('acme-profiles', `expected a profile of hosts, got ${profile}`);
  }
}

function assertRules({ profiles, names, challenges }: DirectoryRules): void {
  if (profiles.length === 0) throw refuse('acme-profiles', 'expected a profile at least');
  if (challenges.length === 0) throw refuse('acme-challenges', 'expected a challenge type at least');
  if (new Set(profiles.map(({ name }) => name)).size < profiles.length) {
    throw refuse('acme-profiles', 'expected each profile once');
  }
  const wrong = names.find((name) => !isNamePattern(name));
  if (wrong !== undefined) {
    throw refuse('acme-names', `expected a name, a domain with a dot before it or an address range, got "${wrong}"`);
  }
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('invalid', message, { rule });
}

interface DirectoryAct {
  readonly caller: Caller;
  readonly at: number;
  readonly action: Extract<AuditAction, `acme.directory_${string}`>;
  readonly name: string;
  readonly rules: DirectoryRules;
}

async function recordAct(tx: Query, { caller, at, action, name, rules }: DirectoryAct): Promise<void> {
  await recordAudit(tx, at, {
    ...caller,
    action,
    object: { kind: 'acme-directory', id: name },
    detail: {
      authority: rules.authority,
      profiles: rules.profiles.map((one) => `${one.name}=${one.profile}`).join(' '),
      names: rules.names.join(' '),
      challenges: rules.challenges.join(' '),
      binding_required: rules.bindingRequired,
      state: rules.state,
    },
  });
}
