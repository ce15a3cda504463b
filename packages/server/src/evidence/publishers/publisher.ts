/** Publishers: which builds may upload to a project without a key that is stored anywhere. */
import { parseIdentityPattern } from '@signpost/protocol/sigstore/identity-pattern';
import type { Transaction } from 'kysely';
import { findAnswerable } from '../../accounts/api-keys.ts';
import type { AuditAction } from '../../audit/actions.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { AddressPolicy } from '../../http/outgoing/address-policy.ts';
import { parseOutgoingBase } from '../../http/outgoing/base-url.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import type { Platform } from './claim-shapes.ts';
import {
  findProjectId,
  insertPublisher,
  listPublishers,
  type PublisherRow,
  removePublisherRow,
  revokeGrantedKeys,
} from './store.ts';

/** What publishers are kept with. */
export interface PublisherParts {
  readonly database: Database;
  readonly now: () => number;
  readonly addresses: AddressPolicy;
}

/** A publisher as an admin names it. */
export interface NewPublisher {
  readonly platform: Platform;
  /** Exactly as tokens name it; that of the platform's public instance when absent. */
  readonly issuer: string | undefined;
  readonly repositoryId: string;
  readonly repository: string;
  readonly workflow: string;
  readonly ref: { readonly kind: 'exact' | 'pattern'; readonly text: string };
  readonly environment: string | undefined;
  readonly mayActivate: boolean;
}

/** The issuers of the public instances. */
const publicIssuers: Readonly<Record<Platform, string>> = {
  github: 'https://token.actions.githubusercontent.com',
  gitlab: 'https://gitlab.com',
};

/** Each is held against every token for the project. */
const maxPublishers = 50;

/** The project `slug`. Throws `not_found`. */
export async function requireProjectId(query: Query, organisationId: string, slug: string): Promise<string> {
  const id = await findProjectId(query, organisationId, slug);
  if (id === undefined) throw new Refusal('not_found', 'there is no such project', { hint: 'signpost project list' });
  return id;
}

/**
 * Lets builds upload to a project. Throws `not_found`, `invalid` for an issuer that is no https:// address, TrustError for a pattern,
 * `conflict` for one that is there already, and above 50; `forbidden` for a client certificate, which can answer for nothing.
 */
export async function addPublisher(
  { database, now, addresses }: PublisherParts,
  caller: Caller,
  { slug, wanted }: { readonly slug: string; readonly wanted: NewPublisher },
): Promise<PublisherRow> {
  const { organisationId } = caller;
  const issuer = parseIssuer(wanted, addresses);
  if (wanted.ref.kind === 'pattern') parseIdentityPattern(wanted.ref.text);
  const at = now();
  return database.transaction(async (tx) => {
    const projectId = await requireProjectId(tx, organisationId, slug);
    const row: PublisherRow = {
      ...{ id: createId(at), organisation_id: organisationId, project_id: projectId, issuer },
      ...{ platform: wanted.platform, repository_id: wanted.repositoryId, repository: wanted.repository },
      ...{ workflow: wanted.workflow, ref: wanted.ref.text, ref_kind: wanted.ref.kind },
      ...{ environment: wanted.environment ?? null, may_activate: wanted.mayActivate ? 1 : 0 },
      ...{ created_by: await findAnswerable(tx, caller.actor), created_at: at, removed_at: null },
    };
    assertNew(row, await listPublishers(tx, projectId));
    await insertPublisher(tx, row);
    await recordAct(tx, caller, { row, slug, action: 'publisher.added', at });
    return row;
  });
}

/** Kept as it was written: tokens and discovery name it letter by letter. */
function parseIssuer({ platform, issuer = publicIssuers[platform] }: NewPublisher, addresses: AddressPolicy): string {
  const base = parseOutgoingBase(issuer, addresses);
  if (issuer.replace(/\/$/, '') === base) return issuer;
  throw new Refusal('invalid', `expected the issuer as tokens name it, such as ${base}`, { rule: 'url' });
}

function assertNew(row: PublisherRow, present: readonly PublisherRow[]): void {
  if (present.length >= maxPublishers) {
    throw new Refusal('conflict', `expected at most ${maxPublishers} publishers of a project`, {
      rule: 'too-many',
      hint: 'signpost publisher remove',
    });
  }
  if (!present.some((one) => describe(one) === describe(row))) return;
  throw new Refusal('conflict', 'this publisher is there', {
    rule: 'publisher-exists',
    hint: 'signpost publisher list',
  });
}

function describe(row: PublisherRow): string {
  return JSON.stringify([row.issuer, row.repository_id, row.workflow, row.ref, row.ref_kind, row.environment]);
}

/** Removes a publisher and ends, at once, the keys that its builds hold. Throws `not_found`. */
export async function removePublisher(
  { database, now }: Pick<PublisherParts, 'database' | 'now'>,
  caller: Caller,
  { slug, id }: { readonly slug: string; readonly id: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const projectId = await requireProjectId(tx, caller.organisationId, slug);
    const row = await removePublisherRow(tx, { id, projectId, now: at });
    if (!row) throw new Refusal('not_found', 'there is no such publisher', { hint: 'signpost publisher list' });
    await revokeGrantedKeys(tx, row.id, at);
    await recordAct(tx, caller, { row, slug, action: 'publisher.removed', at });
  });
}

/** What happened to a publisher. */
interface PublisherAct {
  readonly row: PublisherRow;
  readonly slug: string;
  readonly action: Extract<AuditAction, 'publisher.added' | 'publisher.removed'>;
  readonly at: number;
}

async function recordAct(
  tx: Transaction<Schema>,
  caller: Caller,
  { row, slug, action, at }: PublisherAct,
): Promise<void> {
  const detail = {
    ...{ project: slug, issuer: row.issuer, repository: row.repository, repository_id: row.repository_id },
    ...{ workflow: row.workflow, ref: row.ref, ref_kind: row.ref_kind, environment: row.environment },
    may_activate: row.may_activate === 1,
  };
  const { organisationId } = caller;
  await recordEvent(tx, { id: createId(at), organisationId, topic: action, payload: { ...detail, id: row.id }, at });
  await recordAudit(tx, at, { ...caller, action, object: { kind: 'publisher', id: row.id }, detail });
}
