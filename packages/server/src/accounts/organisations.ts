/** Organisations, and how a request finds the one that it is about. */
import { slugPattern } from '@signpost/protocol/updates/names';
import type { Actor, Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { RequestOrganisation } from '../http/context.ts';
import { defaultOrganisation, type OrganisationDirectory } from '../http/guard.ts';
import type { Database, Query } from '../storage/database.ts';
import { createId } from '../storage/ids.ts';
import { violationOf } from '../storage/violation.ts';
import {
  insertMembership,
  insertOrganisation,
  listOrganisations,
  type OrganisationRow,
  updateSecondFactorRule,
} from './store.ts';

/** Who does something, and when. */
export interface Act {
  readonly actor: Actor;
  readonly now: number;
}

/** What an organisation is made of. */
export interface NewOrganisation {
  /** As a project's slug; `default` answers at the unprefixed paths. */
  readonly slug: string;
  readonly name: string;
  /** A host name that is this organisation's own, in lower case, without port. */
  readonly host: string | null;
  /** An existing person who becomes its first admin. */
  readonly founder?: { readonly personId: string };
}

/**
 * Creates an organisation, with `founder` as its first admin; without one (`signpost init`
 * creates the person next) it has no people yet. Throws `conflict` when slug or host is taken.
 */
export async function createOrganisation(
  transaction: Query,
  wanted: NewOrganisation,
  { actor, now }: Act,
): Promise<OrganisationRow> {
  if (!slugPattern.test(wanted.slug)) throw new Refusal('invalid', 'expected a slug of 3 to 50 of a-z, 0-9 and -');
  const row: OrganisationRow = {
    ...{ id: createId(now), slug: wanted.slug, name: wanted.name, host: wanted.host, created_at: now },
    second_factor: 'optional',
  };
  try {
    await insertOrganisation(transaction, row);
  } catch (cause) {
    if (violationOf(cause) !== 'unique') throw cause;
    throw new Refusal('conflict', 'an organisation has this slug or host already', { cause });
  }
  if (wanted.founder) await joinAsAdmin(transaction, row.id, { personId: wanted.founder.personId, now });
  await recordAudit(transaction, now, {
    organisationId: row.id,
    actor,
    action: 'organisation.created',
    object: { kind: 'organisation', id: row.id },
    detail: { slug: row.slug, host: row.host },
  });
  return row;
}

async function joinAsAdmin(
  transaction: Query,
  organisationId: string,
  { personId, now }: { personId: string; now: number },
): Promise<void> {
  await insertMembership(transaction, {
    organisation_id: organisationId,
    person_id: personId,
    role: 'admin',
    created_at: now,
  });
}

/** Decides whether people of the caller's organisation may come by their password alone (`organisation.changed`). */
export async function changeSecondFactorRule(
  { database, now }: { database: Database; now: () => number },
  caller: Caller,
  rule: OrganisationRow['second_factor'],
): Promise<void> {
  await database.transaction(async (transaction) => {
    await updateSecondFactorRule(transaction, caller.organisationId, rule);
    await recordAudit(transaction, now(), {
      ...caller,
      action: 'organisation.changed',
      object: { kind: 'organisation', id: caller.organisationId },
      detail: { second_factor: rule },
    });
  });
}

/** A directory that can be told that its contents changed. */
export interface RefreshableDirectory extends OrganisationDirectory {
  /** Reads anew at the next question. */
  forget(): void;
}

/** Milliseconds after which organisations made by another process are noticed. */
const directoryLifeMs = 2000;

/** A directory that keeps the organisations, which are few and never change, in memory. */
export function createDirectory({ database, now }: { database: Database; now: () => number }): RefreshableDirectory {
  let known: { at: number; organisations: Promise<Snapshot> } | undefined;
  return {
    async find(slug, host) {
      if (!known || Math.abs(now() - known.at) >= directoryLifeMs) {
        known = { at: now(), organisations: readSnapshot(database.query) };
        // A failed reading is not remembered: the next request asks again.
        known.organisations.catch(() => {
          known = undefined;
        });
      }
      const { bySlug, byHost } = await known.organisations;
      if (slug !== undefined) return bySlug.get(slug);
      return byHost.get(host) ?? bySlug.get(defaultOrganisation);
    },
    forget() {
      known = undefined;
    },
  };
}

interface Snapshot {
  readonly bySlug: ReadonlyMap<string, RequestOrganisation>;
  readonly byHost: ReadonlyMap<string, RequestOrganisation>;
}

async function readSnapshot(query: Query): Promise<Snapshot> {
  const rows = await listOrganisations(query);
  return {
    bySlug: new Map(rows.map(({ id, slug }) => [slug, { id, slug }])),
    byHost: new Map(rows.flatMap(({ id, slug, host }) => (host === null ? [] : [[host, { id, slug }]]))),
  };
}
