/** Roll-over: a new authority takes over what is asked of an old one, while the old one stays valid for what it issued. */

import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import type { NameConstraintWish } from '../profiles/contents.ts';
import { type KeyLabel, keyLabels } from '../profiles/key-label.ts';
import { readSubject } from '../profiles/subject.ts';
import { type AuthorityParts, parseName, requireAuthority } from './authority.ts';
import { createIntermediate } from './create-intermediate.ts';
import { createRoot } from './create-root.ts';
import { assertState } from './issuer.ts';
import { recordAuthorityAct } from './record.ts';
import { certifyAcross, readLast } from './renew.ts';
import { type AuthorityRow, findAuthority, updateSuccessor } from './store.ts';
import { countRoomBelow, type NewAuthority } from './wish.ts';
import { withIssuer } from './with-issuer.ts';

const maxSuccessions = 32;
/** RFC 5280, appendix A: ub-common-name. */
const maxCommonName = 64;

/**
 * The authority that issues for `name`: itself, or the last of those that took over. A successor that is pending has not taken
 * over yet. Throws `not_found`, and `conflict` when that one may not issue.
 */
export async function findIssuing(query: Query, organisationId: string, name: string): Promise<AuthorityRow> {
  let row = await requireAuthority(query, organisationId, name);
  for (let step = 0; row.successor_id !== null && step < maxSuccessions; step++) {
    const next = await findAuthority(query, organisationId, { id: row.successor_id });
    if (!next || next.state === 'pending') break;
    row = next;
  }
  assertState(row, 'certificates');
  return row;
}

/** Which authority is to issue for another. */
export interface Succession {
  readonly authority: string;
  /** Undefined: the authority itself again. */
  readonly successor: string | undefined;
}

/**
 * Lets `successor` issue what is asked of `authority` from now on. Throws `not_found`; `conflict` when either has ended;
 * `invalid`, rule `succession`, for a root in the place of an intermediate, or a circle.
 */
export async function setSuccessor(
  parts: AuthorityParts,
  caller: Caller,
  { authority, successor }: Succession,
): Promise<AuthorityRow> {
  const at = parts.now();
  return parts.database.transaction(async (tx) => {
    const row = await requireAuthority(tx, caller.organisationId, authority);
    const next = successor === undefined ? undefined : await requireAuthority(tx, caller.organisationId, successor);
    if (next) await assertMaySucceed(tx, row, next);
    await updateSuccessor(tx, row, next?.id ?? null);
    const changed = { ...row, successor_id: next?.id ?? null };
    const detail = { successor: next?.name ?? null };
    await recordAuthorityAct(tx, caller, { row: changed, at, action: 'authority.succession_changed', detail });
    return changed;
  });
}

/** A new key for what an authority does. */
export interface Rekeying {
  /** The old one. */
  readonly authority: string;
  /** The new one's name; by default the old one's with the next generation, `issuing-g2`. */
  readonly name?: string | undefined;
  readonly keyType?: KeyLabel | undefined;
  readonly days?: number | undefined;
  /** Of the root that signs: for an intermediate its parent, for a root the old root, which signs the new one as well. */
  readonly passphrase?: string | undefined;
  /** For a new root. */
  readonly newPassphrase?: string | undefined;
  /** Leave the old one in its place until `setSuccessor` is called: clients must have the new root first. */
  readonly later?: boolean | undefined;
}

/**
 * Makes the next generation of an authority, with a key and a name of its own and the same place in the tree. A new intermediate
 * takes over at once unless `later`; a new root is signed by the old one too, where its path length leaves room, so that those
 * who have only that one trust it. Throws as making, cross-signing and `setSuccessor` do.
 */
export async function rekeyAuthority(parts: AuthorityParts, caller: Caller, wish: Rekeying): Promise<AuthorityRow> {
  const { query } = parts.database;
  const old = await requireAuthority(query, caller.organisationId, wish.authority);
  assertState(old, 'certificates');
  const generation = nextGeneration(old.name);
  const { passphrase, days } = wish;
  const last = await readLast(parts, old);
  const { basicConstraints, nameConstraints } = last.certificate.extensions;
  const usual = {
    pathLength: basicConstraints?.value.pathLength,
    name: wish.name ?? generation,
    subject: nextSubject(old),
    keyType: wish.keyType ?? usualKeyType(old),
    days,
  };
  const made =
    old.kind === 'root'
      ? await rekeyRoot(parts, caller, { old, wish, usual })
      : await createIntermediate(parts, caller, {
          ...{ ...usual, passphrase, profile: old.profile ?? undefined },
          ...describePlace(await readParent(query, old), nameConstraints?.value),
        });
  if (wish.later !== true) await setSuccessor(parts, caller, { authority: old.name, successor: made.name });
  return made;
}

/** With the old root open from the beginning: a wrong passphrase must not leave half of the work behind. */
async function rekeyRoot(
  parts: AuthorityParts,
  caller: Caller,
  { old, wish, usual }: { old: AuthorityRow; wish: Rekeying; usual: NewAuthority },
): Promise<AuthorityRow> {
  const passphrase = requireNewPassphrase(wish);
  return withIssuer(parts, { issuer: old, passphrase: wish.passphrase, caller }, async (opened) => {
    const room = countRoomBelow([opened.certificate, ...opened.chain]);
    const made = await createRoot(parts, caller, { ...usual, pathLength: room, passphrase });
    // The new root, and at least one intermediate below it.
    if (room !== undefined && room < 2) return made;
    return certifyAcross(parts, caller, { row: made, issuer: old, opened, days: undefined });
  });
}

async function assertMaySucceed(query: Query, row: AuthorityRow, next: AuthorityRow): Promise<void> {
  if (next.state === 'retired' || next.state === 'revoked') assertState(next, 'certificates');
  if (next.kind !== row.kind) throw refuse(`expected an authority of the kind ${row.kind}, got ${next.kind}`);
  let last = next;
  for (let step = 0; step < maxSuccessions; step++) {
    if (last.id === row.id) throw refuse('expected a successor that this one does not succeed itself');
    const after = last.successor_id;
    const found = after === null ? undefined : await findAuthority(query, row.organisation_id, { id: after });
    if (!found) return;
    last = found;
  }
  throw refuse(`expected at most ${maxSuccessions} successions`);
}

function requireNewPassphrase({ newPassphrase }: Rekeying): string {
  if (newPassphrase !== undefined) return newPassphrase;
  throw new Refusal('invalid', 'expected a passphrase for the new root', { rule: 'passphrase-needed' });
}

/** What bound the old one binds the next one: nobody is to be rid of it by a new key. An offline parent decides when it signs. */
function describePlace({ name, custody }: AuthorityRow, nameConstraints: NameConstraintWish | undefined) {
  return { parent: name, nameConstraints: custody === 'offline' ? undefined : nameConstraints };
}

async function readParent(query: Query, { organisation_id, parent_id, name }: AuthorityRow): Promise<AuthorityRow> {
  const parent = parent_id === null ? undefined : await findAuthority(query, organisation_id, { id: parent_id });
  if (!parent) throw new Refusal('conflict', `the authority above ${name} is not known`, { rule: 'no-parent' });
  return parent;
}

/** `issuing` is followed by `issuing-g2`, that by `issuing-g3`. */
function nextGeneration(name: string): string {
  const [, stem = name, number = '1'] = /^(.*)-g([1-9][0-9]{0,3})$/.exec(name) ?? [];
  return `${stem}-g${Number(number) + 1}`;
}

/** The subject of the next generation: `Example CA` is followed by `Example CA G2`, since a name stands for one key. */
function nextSubject({ subject: der }: AuthorityRow): Readonly<Record<string, string>> {
  const subject = Object.fromEntries(readSubject(parseName(der)));
  const [, stem = subject.CN ?? '', number = '1'] = /^(.*) G([1-9][0-9]{0,3})$/.exec(subject.CN ?? '') ?? [];
  const ending = ` G${Number(number) + 1}`;
  return { ...subject, CN: `${[...stem].slice(0, maxCommonName - ending.length).join('')}${ending}` };
}

function usualKeyType({ algorithm }: AuthorityRow): KeyLabel {
  return keyLabels.find((label) => label === algorithm) ?? 'ecdsa-p256';
}

function refuse(message: string): Refusal {
  return new Refusal('invalid', message, { rule: 'succession' });
}
