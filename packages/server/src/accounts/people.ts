/** People and the roles that they hold. Each organisation keeps at least one admin who can act. */
import type { Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Role } from '../http/context.ts';
import type { Database, Query } from '../storage/database.ts';
import { createId } from '../storage/ids.ts';
import { violationOf } from '../storage/violation.ts';
import type { Act } from './organisations.ts';
import type { PasswordHash } from './passwords.ts';
import {
  countMemberships,
  deleteMembership,
  findMember,
  hasOtherAdmin,
  insertMembership,
  insertPerson,
  type MemberRow,
  revokeSessionsOf,
  updatePerson,
  updateRole,
} from './store.ts';

/** What a person is made of. The password was hashed before the transaction began: hashing takes its time. */
export interface NewPerson {
  readonly organisationId: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: PasswordHash;
}

/** A role that needs nobody's password to be given: an admin could undo whatever asks for one. */
type OrdinaryRole = Exclude<Role, 'admin'>;

/** What may be changed about a member. */
export interface PersonChanges {
  readonly name?: string | undefined;
  readonly role?: OrdinaryRole | undefined;
  readonly disabled?: boolean | undefined;
}

/** The form in which addresses are stored and compared. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** Creates a person as a member. Throws `conflict` when the address is taken; addresses are unique on a server. */
export async function createPerson(transaction: Query, wanted: NewPerson, { actor, now }: Act): Promise<MemberRow> {
  const person = {
    id: createId(now),
    email: normaliseEmail(wanted.email),
    name: wanted.name,
    password_hash: wanted.passwordHash,
    created_at: now,
    disabled_at: null,
  };
  try {
    await insertPerson(transaction, person);
  } catch (cause) {
    if (violationOf(cause) !== 'unique') throw cause;
    throw new Refusal('conflict', 'a person has this address already', { rule: 'email-taken', cause });
  }
  await insertMembership(transaction, {
    organisation_id: wanted.organisationId,
    person_id: person.id,
    role: wanted.role,
    created_at: now,
  });
  await recordAudit(transaction, now, {
    organisationId: wanted.organisationId,
    actor,
    action: 'person.created',
    object: { kind: 'person', id: person.id },
    detail: { role: wanted.role },
  });
  return { ...person, role: wanted.role };
}

/**
 * Changes a member. Throws `not_found` for a stranger to the organisation, `conflict` when it would be left without
 * an admin, and `forbidden` when a disabled admin would be one again (see `makeAdmin`). `disabled` ends all access to this
 * organisation: of a person who belongs to others too only the membership ends, since what they are elsewhere is not this
 * organisation's business.
 */
export async function changePerson(
  { database, now }: { database: Database; now: () => number },
  caller: Caller,
  { personId, changes }: { personId: string; changes: PersonChanges },
): Promise<MemberRow> {
  return database.transaction(async (transaction) => {
    const member = await findMember(transaction, caller.organisationId, personId);
    if (!member) throw noSuchPerson();
    await assertAdminRemains(transaction, caller.organisationId, { member, changes });
    assertNoAdminReturns(member, changes);
    const act = { transaction, caller, member, at: now() };
    // First, while it still shows to how many organisations the member belongs.
    if (changes.name !== undefined && changes.name !== member.name) await changeName(act, changes.name);
    if (changes.role !== undefined && changes.role !== member.role) await changeRole(act, changes.role);
    if (changes.disabled !== undefined) await changeAccess(act, changes.disabled);
    const changed = await findMember(transaction, caller.organisationId, personId);
    return changed ?? { ...member, disabled_at: act.at };
  });
}

/**
 * Makes a member an admin, one who was disabled included. Whoever calls it has proved to be an admin in person: with a stolen
 * key or session somebody would otherwise make an admin whose password they know. Throws `not_found` for a stranger.
 */
export async function makeAdmin(
  { database, now }: { database: Database; now: () => number },
  caller: Caller,
  personId: string,
): Promise<MemberRow> {
  return database.transaction(async (transaction) => {
    const member = await findMember(transaction, caller.organisationId, personId);
    if (!member) throw noSuchPerson();
    const act = { transaction, caller, member, at: now() };
    if (member.role !== 'admin') await changeRole(act, 'admin');
    await changeAccess(act, false);
    return { ...member, role: 'admin', disabled_at: null };
  });
}

interface MemberAct {
  readonly transaction: Query;
  readonly caller: Caller;
  readonly member: MemberRow;
  readonly at: number;
}

/** Transactions follow one another on both engines, so two admins cannot remove each other at the same time. */
async function assertAdminRemains(
  transaction: Query,
  organisationId: string,
  { member, changes }: { member: MemberRow; changes: PersonChanges },
): Promise<void> {
  const wasAdmin = member.role === 'admin' && member.disabled_at === null;
  const staysAdmin = changes.role === undefined && changes.disabled !== true;
  if (!wasAdmin || staysAdmin || (await hasOtherAdmin(transaction, organisationId, member.id))) return;
  throw new Refusal('conflict', 'expected at least one admin to remain', {
    rule: 'last-admin',
    hint: 'make somebody else an admin first',
  });
}

function assertNoAdminReturns(member: MemberRow, { role, disabled }: PersonChanges): void {
  if (disabled !== false || member.disabled_at === null || (role ?? member.role) !== 'admin') return;
  throw new Refusal('forbidden', 'expected a person of another role than admin', {
    rule: 'admin-by-person',
    hint: 'an admin makes them an admin again, with the own password: signpost user role EMAIL admin',
  });
}

function noSuchPerson(): Refusal {
  return new Refusal('not_found', 'there is no such person');
}

async function changeRole(act: MemberAct, role: Role): Promise<void> {
  await updateRole(act.transaction, {
    organisation_id: act.caller.organisationId,
    person_id: act.member.id,
    role,
  });
  await recordChange(act, 'person.role_changed', { from: act.member.role, to: role });
}

async function changeAccess(act: MemberAct, disabled: boolean): Promise<void> {
  const { transaction, caller, member, at } = act;
  if (disabled === (member.disabled_at !== null)) return;
  if (!disabled) {
    await updatePerson(transaction, member.id, { disabled_at: null });
    return recordChange(act, 'person.enabled');
  }
  if ((await countMemberships(transaction, member.id)) > 1) {
    await deleteMembership(transaction, caller.organisationId, member.id);
    return recordChange(act, 'person.disabled', { membership_only: true });
  }
  await updatePerson(transaction, member.id, { disabled_at: at });
  await revokeSessionsOf(transaction, { personId: member.id, keptId: undefined, now: at });
  await recordChange(act, 'person.disabled');
}

/** A person has one name on the server. The log says that it changed and not to what: names can be forgotten, rows cannot. */
async function changeName(act: MemberAct, name: string): Promise<void> {
  const { transaction, caller, member } = act;
  const isOwn = caller.actor.kind === 'person' && caller.actor.id === member.id;
  if (!isOwn && (await countMemberships(transaction, member.id)) > 1) {
    throw new Refusal('conflict', 'expected a member of this organisation alone, got one of several', {
      rule: 'several-organisations',
      hint: 'they can change their name themselves',
    });
  }
  await updatePerson(transaction, member.id, { name });
  await recordChange(act, 'person.changed', { member: 'name' });
}

async function recordChange(
  { transaction, caller, member, at }: MemberAct,
  action: `person.${'changed' | 'disabled' | 'enabled' | 'role_changed'}`,
  detail: Record<string, string | boolean> = {},
): Promise<void> {
  await recordAudit(transaction, at, {
    ...caller,
    action,
    object: { kind: 'person', id: member.id },
    detail,
  });
}
