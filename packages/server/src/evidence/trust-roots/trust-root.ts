/** Trusted roots of Sigstore's kind: of the public good instance, of GitHub, of private ones. Which ones count is for admins to say. */
import { createHash } from 'node:crypto';
import { parseTrustedRoot, type TrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { verifyPinnedRoot } from '@signpost/protocol/tuf/root';
import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import type { AuditAction } from '../../audit/actions.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { AddressPolicy } from '../../http/outgoing/address-policy.ts';
import { parseOutgoingBase } from '../../http/outgoing/base-url.ts';
import type { Fetch } from '../../http/outgoing/fetch.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { violationOf } from '../../storage/violation.ts';
import { requestRefresh } from './schedule.ts';
import {
  deleteTrustRoot,
  findTrustRoot,
  insertTrustRoot,
  listTrustRoots,
  type TrustRootRow,
  updateTrustRoot,
} from './store.ts';

/** What trusted roots are kept with. */
export interface TrustRootParts {
  readonly database: Database;
  readonly now: () => number;
  readonly log: Logger;
  /** Undefined when the server asks nobody: then there is no way to. */
  readonly outgoing: Fetch | undefined;
  readonly addresses: AddressPolicy;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Lets the worker look for jobs at once. */
  readonly wakeWorker: () => void;
}

/** Where a trusted root comes from. */
export type TrustRootSource =
  | {
      readonly kind: 'tuf';
      readonly metadataUrl: string;
      /** `targets` below the metadata, unless it is said. */
      readonly targetsUrl: string | null;
      /** The path of the trusted root among the targets. */
      readonly target: string;
      /** A root.json that came another way. */
      readonly pinnedRoot: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'file'; readonly document: Uint8Array<ArrayBuffer> };

/** Names of trusted roots. */
export const trustRootNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const maxRoots = 100;

/** The root `name`. Throws `not_found`. */
export async function requireTrustRoot(query: Query, organisationId: string, name: string): Promise<TrustRootRow> {
  const row = await findTrustRoot(query, organisationId, name);
  if (row) return row;
  throw new Refusal('not_found', 'there is no such trusted root', { hint: 'signpost trust-root list' });
}

/**
 * Adds a trusted root; one from a repository is asked for at once, in the background. Throws `invalid` for an address; TrustError for a
 * pinned root that its own keys have not signed, and for a document that is none; `conflict` for a name that is taken, and above 100.
 */
export async function addTrustRoot(
  parts: TrustRootParts,
  caller: Caller,
  { name, source }: { readonly name: string; readonly source: TrustRootSource },
): Promise<TrustRootRow> {
  const { database, now, wakeWorker } = parts;
  const columns = await describeSource(parts, source);
  const at = now();
  const row = {
    ...{ ...emptyColumns, id: createId(at), organisation_id: caller.organisationId, name, source: source.kind },
    ...{ since: at, created_at: at, ...columns },
  };
  await database.transaction(async (tx) => {
    await assertRoom(tx, caller.organisationId);
    await insertTrustRoot(tx, row).catch((cause: unknown) => {
      throw violationOf(cause) === 'unique' ? refuseName(cause) : cause;
    });
    if (parts.outgoing && source.kind === 'tuf') await requestRefresh(tx, row, at);
    await recordAct(tx, caller, { row, action: 'evidence_root.added', at });
  });
  wakeWorker();
  return row;
}

const emptyColumns = {
  ...{ metadata_url: null, targets_url: null, target: null, pinned_root: null, next_check_at: null },
  ...{ document: null, digest: null, accepted_at: null, authorities_end_at: null },
  ...{ root_version: null, expires_at: null, root_expires_at: null },
  ...{ checked_at: null, failures: 0, failure_code: null, failure: null },
} as const;

async function describeSource({ addresses, now }: TrustRootParts, source: TrustRootSource) {
  if (source.kind === 'file') return describeDocument(source.document, now());
  await verifyPinnedRoot(source.pinnedRoot);
  return {
    metadata_url: parseOutgoingBase(source.metadataUrl, addresses),
    targets_url: source.targetsUrl === null ? null : parseOutgoingBase(source.targetsUrl, addresses),
    target: source.target,
    pinned_root: Buffer.from(source.pinnedRoot).toString('base64'),
    next_check_at: now(),
  };
}

/** The columns of a document that is accepted at `at`. Throws TrustError unless it is a trusted root. */
export async function describeDocument(document: Uint8Array<ArrayBuffer>, at: number) {
  const root = await parseTrustedRoot(document);
  return {
    document: new TextDecoder().decode(document),
    digest: createHash('sha256').update(document).digest('hex'),
    accepted_at: at,
    authorities_end_at: findEnd(root),
  };
}

/** When the last of the certificate authorities ends. */
function findEnd({ certificateAuthorities }: TrustedRoot): number | null {
  const ends = certificateAuthorities.map(({ window }) => window.end);
  if (ends.length === 0 || ends.includes(undefined)) return null;
  return Math.max(...ends.filter((end) => end !== undefined));
}

async function assertRoom(tx: Query, organisationId: string): Promise<void> {
  if ((await listTrustRoots(tx, organisationId)).length < maxRoots) return;
  throw new Refusal('conflict', `expected at most ${maxRoots} trusted roots`, {
    rule: 'too-many',
    hint: 'signpost trust-root remove',
  });
}

function refuseName(cause: unknown): Refusal {
  return new Refusal('conflict', 'a trusted root of this name is there', {
    rule: 'name-taken',
    hint: 'signpost trust-root remove, or choose another name',
    cause,
  });
}

/** Puts another document into an uploaded root. Throws `not_found`, `conflict` for one from a repository, and TrustError. */
export async function replaceDocument(
  { database, now }: TrustRootParts,
  caller: Caller,
  { name, document }: { readonly name: string; readonly document: Uint8Array<ArrayBuffer> },
): Promise<TrustRootRow> {
  const at = now();
  const columns = await describeDocument(document, at);
  return database.transaction(async (tx) => {
    const before = await requireTrustRoot(tx, caller.organisationId, name);
    if (before.source !== 'file') {
      throw new Refusal('conflict', 'this trusted root comes from a repository', {
        rule: 'source',
        hint: `signpost trust-root refresh ${name}`,
      });
    }
    if (before.digest === columns.digest) return before;
    const row = { ...before, ...columns, since: at };
    await updateTrustRoot(tx, before.id, { ...columns, since: at });
    await recordAct(tx, caller, { row, action: 'evidence_root.updated', at });
    return row;
  });
}

/** Removes a trusted root. Throws `not_found`. */
export async function removeTrustRoot(
  { database, now }: Pick<TrustRootParts, 'database' | 'now'>,
  caller: Caller,
  name: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await requireTrustRoot(tx, caller.organisationId, name);
    await deleteTrustRoot(tx, row.id);
    await recordAct(tx, caller, { row, action: 'evidence_root.removed', at: now() });
  });
}

/** What happened to a trusted root. */
export interface TrustRootAct {
  readonly row: Pick<TrustRootRow, 'id' | 'name' | 'digest' | 'root_version'>;
  readonly action: Extract<AuditAction, `evidence_root.${string}`>;
  /** Of a refusal: the code, and what was expected and got. */
  readonly refusal?: { readonly code: string; readonly message: string };
  readonly at: number;
}

/** Records an act in the audit log, and as an event of the same name. */
export async function recordAct(tx: Transaction<Schema>, caller: Caller, act: TrustRootAct): Promise<void> {
  const { row, action, refusal, at } = act;
  const { organisationId } = caller;
  const detail = {
    ...{ name: row.name, sha256: row.digest, root_version: row.root_version },
    ...(refusal && { code: refusal.code, message: refusal.message }),
  };
  await recordEvent(tx, { id: createId(at), organisationId, topic: action, payload: detail, at });
  await recordAudit(tx, at, {
    ...caller,
    action,
    object: { kind: 'evidence-root', id: row.id },
    outcome: refusal ? 'refused' : 'success',
    detail,
  });
}
