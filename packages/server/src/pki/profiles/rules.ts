/** The rules by which an organisation issues: built-in and own profiles, and its name policy. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { afterCommit } from '../../storage/database/transactions.ts';
import type { Database, Query } from '../../storage/database.ts';
import { violationOf } from '../../storage/violation.ts';
import {
  defaultNamePolicy,
  type NamePolicy,
  type NamePolicyDocument,
  namePolicySchema,
  parseNamePolicy,
} from './name-policy.ts';
import { openBuiltInProfiles, type ProfileDocument, type Profiles, parseProfiles } from './profile.ts';
import { findNamePolicy, insertProfile, listOwnProfiles, removeProfile, writeNamePolicy } from './store.ts';

/** What rules are kept with. */
export interface RuleParts {
  readonly database: Database;
  readonly now: () => number;
}

/** What an organisation issues by. */
export interface Rules {
  readonly profiles: Profiles;
  /** Names of the profiles that are the organisation's own. */
  readonly own: ReadonlySet<string>;
  readonly namePolicy: NamePolicy;
  readonly namePolicyDocument: NamePolicyDocument;
  /** Whether the organisation has decided on its policy. */
  readonly isDecided: boolean;
}

const builtIn = openBuiltInProfiles();

// One process has the database to itself, so what it keeps is right as long as it forgets at each change.
const caches = new WeakMap<Database, Map<string, Promise<Rules>>>();

/** The rules of an organisation; kept until they change. */
export function readRules({ database }: Pick<RuleParts, 'database'>, organisationId: string): Promise<Rules> {
  const cache = cacheOf(database);
  const kept = cache.get(organisationId);
  if (kept) return kept;
  const reading = readFresh(database.query, organisationId);
  cache.set(organisationId, reading);
  reading.catch(() => cache.delete(organisationId));
  return reading;
}

async function readFresh(query: Query, organisationId: string): Promise<Rules> {
  const stored = await findNamePolicy(query, organisationId);
  const own = await listOwnProfiles(query, organisationId);
  const document = stored ? namePolicySchema.parse(JSON.parse(stored.document)) : defaultNamePolicy;
  const profiles = parseProfiles(Object.fromEntries(own.map(({ name, document: text }) => [name, JSON.parse(text)])));
  return {
    // A profile that all have is never replaced by one of the same name.
    profiles: new Map([...profiles, ...builtIn]),
    own: new Set(profiles.keys()),
    namePolicy: parseNamePolicy(document),
    namePolicyDocument: document,
    isDecided: stored !== undefined,
  };
}

function cacheOf(database: Database): Map<string, Promise<Rules>> {
  const cache = caches.get(database) ?? new Map<string, Promise<Rules>>();
  caches.set(database, cache);
  return cache;
}

function forgetRules({ database }: Pick<RuleParts, 'database'>, transaction: Query, organisationId: string): void {
  afterCommit(transaction, () => cacheOf(database).delete(organisationId));
}

/** Puts a name policy in force, instead of the one before. */
export async function changeNamePolicy(parts: RuleParts, caller: Caller, document: NamePolicyDocument): Promise<void> {
  const at = parts.now();
  const { organisationId } = caller;
  await parts.database.transaction(async (tx) => {
    await writeNamePolicy(tx, { organisation_id: organisationId, document: JSON.stringify(document), changed_at: at });
    forgetRules(parts, tx, organisationId);
    await recordAudit(tx, at, {
      ...caller,
      action: 'name_policy.changed',
      object: { kind: 'name-policy', id: organisationId },
      detail: { allowed: document.allowed.join(' '), denied: document.denied.join(' ') },
    });
  });
}

/** A profile to be kept. */
export interface NewProfile {
  readonly name: string;
  readonly document: ProfileDocument;
}

/** Adds a profile of the organisation's own. Throws `invalid` for what is no profile, `conflict` when the name is taken. */
export async function createProfile(parts: RuleParts, caller: Caller, { name, document }: NewProfile): Promise<void> {
  const at = parts.now();
  const { organisationId } = caller;
  if (builtIn.has(name)) throw nameTaken(name);
  if (document.kind === 'root') {
    throw new Refusal('invalid', 'expected a profile of leaves or intermediates: roots are made by their own', {
      rule: 'profile-kind',
    });
  }
  const row = { organisation_id: organisationId, name, document: JSON.stringify(document), created_at: at };
  await parts.database
    .transaction(async (tx) => {
      await insertProfile(tx, row);
      forgetRules(parts, tx, organisationId);
      await recordAudit(tx, at, {
        ...caller,
        action: 'certificate_profile.created',
        object: { kind: 'certificate-profile', id: name },
      });
    })
    .catch((error: unknown) => {
      throw violationOf(error) === 'unique' ? nameTaken(name) : error;
    });
}

/** Takes a profile of the organisation's own away; certificates that it made stay. Throws `not_found`. */
export async function deleteProfile(parts: RuleParts, caller: Caller, name: string): Promise<void> {
  const at = parts.now();
  const { organisationId } = caller;
  await parts.database.transaction(async (tx) => {
    if (!(await removeProfile(tx, organisationId, name))) {
      throw new Refusal('not_found', 'no such profile of this organisation', { rule: 'profile-unknown' });
    }
    forgetRules(parts, tx, organisationId);
    await recordAudit(tx, at, {
      ...caller,
      action: 'certificate_profile.deleted',
      object: { kind: 'certificate-profile', id: name },
    });
  });
}

function nameTaken(name: string): Refusal {
  return new Refusal('conflict', `a profile has the name ${name} already`, { rule: 'name-taken' });
}
