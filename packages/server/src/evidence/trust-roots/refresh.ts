/** Brings a trusted root up to date by TUF. What is refused changes nothing that is in force. */
import { TrustError } from '@signpost/protocol/errors';
import { refreshRepository, type TrustedMetadata, type TufClientOptions } from '@signpost/protocol/tuf/client';
import { type Caller, systemActor } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Fetch } from '../../http/outgoing/fetch.ts';
import type { Job } from '../../storage/jobs.ts';
import { pauseAfter } from './schedule.ts';
import { findTrustRootById, readMetadata, replaceMetadata, type TrustRootRow, updateTrustRoot } from './store.ts';
import { describeDocument, recordAct, requireTrustRoot, type TrustRootParts } from './trust-root.ts';

/** The largest trusted root that is fetched. */
const maxDocumentBytes = 1024 * 1024;
const maxMessageCharacters = 500;
/** How long one refresh may go on asking: a repository with many roots that answers slowly must end, too. */
const maxRefreshMs = 120_000;

/** Refreshes trusted roots, each by one refresh at a time: two would overwrite what the other has accepted. */
export class TrustRootRefresher {
  readonly #parts: TrustRootParts;
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(parts: TrustRootParts) {
    this.#parts = parts;
  }

  /**
   * Refreshes the root `name` for somebody who waits. Throws `not_found`; `conflict` for an uploaded one; `unavailable`, rule
   * `outgoing-off`, when the server asks nobody; TrustError for what was refused, once that is recorded.
   */
  async refresh(caller: Caller, name: string): Promise<TrustRootRow> {
    const { database, outgoing } = this.#parts;
    const row = await requireTrustRoot(database.query, caller.organisationId, name);
    if (row.source !== 'tuf') {
      throw new Refusal('conflict', 'this trusted root was uploaded', {
        rule: 'source',
        hint: `signpost trust-root refresh ${name} --file trusted_root.json`,
      });
    }
    if (!outgoing) {
      throw new Refusal('unavailable', 'this server asks nobody for evidence', {
        rule: 'outgoing-off',
        hint: 'unset SIGNPOST_OUTGOING, or upload the trusted root',
      });
    }
    await this.#run(row.id, () => refreshOne(this.#parts, caller, { id: row.id, fetch: outgoing }));
    return requireTrustRoot(database.query, caller.organisationId, name);
  }

  /** Refreshes the root of a job. A refusal is recorded, and no reason to try the job again. */
  async run({ payload, organisationId, signal }: Pick<Job, 'payload' | 'organisationId' | 'signal'>): Promise<void> {
    const { outgoing, log } = this.#parts;
    if (!outgoing || organisationId === null) return;
    const id = String(payload.root_id);
    const fetch: Fetch = (url, bounds) => outgoing(url, { ...bounds, signal });
    const caller = { organisationId, actor: systemActor };
    await this.#run(id, () => refreshOne(this.#parts, caller, { id, fetch })).catch((err: unknown) => {
      if (!(err instanceof TrustError)) throw err;
      log.warn({ err, root: id }, 'a trusted root was not refreshed');
    });
  }

  /** After whatever runs for this root: who waits wants what is newer than their request. */
  async #run(id: string, refresh: () => Promise<void>): Promise<void> {
    const before = this.#running.get(id) ?? Promise.resolve();
    const next = before.catch(() => undefined).then(refresh);
    this.#running.set(id, next);
    try {
      await next;
    } finally {
      if (this.#running.get(id) === next) this.#running.delete(id);
    }
  }
}

/** What a refresh has found. */
interface Refreshed {
  readonly metadata: TrustedMetadata;
  readonly columns: Awaited<ReturnType<typeof describeDocument>>;
}

async function refreshOne(
  parts: TrustRootParts,
  caller: Caller,
  { id, fetch }: { readonly id: string; readonly fetch: Fetch },
): Promise<void> {
  const row = await findTrustRootById(parts.database.query, id);
  if (row?.source !== 'tuf') return;
  const kept = await readMetadata(parts.database.query, id);
  try {
    const refreshed = await fetchDocument(parts, { row, kept, fetch: limitTime(fetch, parts.now) });
    await recordSuccess(parts, caller, { row, kept, refreshed });
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    await recordFailure(parts, caller, { row, kept, error });
    throw error;
  }
}

function limitTime(fetch: Fetch, now: () => number): Fetch {
  const end = now() + maxRefreshMs;
  return (url, bounds) => {
    if (now() <= end) return fetch(url, bounds);
    throw new TrustError('fetch_failed', `expected the repository to answer within ${maxRefreshMs / 1000} s`);
  };
}

/** The client keeps its metadata in `kept`; what it has accepted there stays, whatever is refused after it. */
async function fetchDocument(
  { now }: TrustRootParts,
  { row, kept, fetch }: { row: TrustRootRow; kept: Map<string, Uint8Array<ArrayBuffer>>; fetch: Fetch },
): Promise<Refreshed> {
  const trusted = await refreshRepository({ ...describeClient(row, kept, fetch), now });
  const document = await trusted.fetchTarget(row.target ?? '');
  return { metadata: trusted.metadata, columns: await describeDocument(document, now()) };
}

function describeClient(
  row: TrustRootRow,
  kept: Map<string, Uint8Array<ArrayBuffer>>,
  fetch: Fetch,
): Omit<TufClientOptions, 'now'> {
  return {
    repository: {
      metadataUrl: row.metadata_url ?? '',
      ...(row.targets_url !== null && { targetsUrl: row.targets_url }),
      fetch: (url, limitBytes) => fetch(url, { limitBytes }),
    },
    pinnedRoot: new Uint8Array(Buffer.from(row.pinned_root ?? '', 'base64')),
    maxTargetBytes: maxDocumentBytes,
    store: {
      read: async (role) => kept.get(role),
      write: async (changes) => {
        for (const { name, bytes } of changes) bytes ? kept.set(name, bytes) : kept.delete(name);
      },
    },
    cache: {
      read: async () => (row.document === null ? undefined : new TextEncoder().encode(row.document)),
      write: async () => undefined,
    },
  };
}

async function recordSuccess(
  { database, now, random }: TrustRootParts,
  caller: Caller,
  { row, kept, refreshed }: { row: TrustRootRow; kept: Map<string, Uint8Array>; refreshed: Refreshed },
): Promise<void> {
  const at = now();
  const { metadata, columns } = refreshed;
  const isNew = columns.digest !== row.digest;
  const change = {
    ...(isNew && columns),
    root_version: metadata.root.version,
    root_expires_at: metadata.root.expires,
    expires_at: Math.min(...Object.values(metadata).map(({ expires }) => expires)),
    checked_at: at,
    next_check_at: at + pauseAfter(0, random),
    ...{ failures: 0, failure_code: null, failure: null, since: row.failures > 0 ? at : row.since },
  };
  await database.transaction(async (tx) => {
    if (!(await updateTrustRoot(tx, row.id, change))) return;
    await replaceMetadata(tx, row.id, kept);
    if (!isNew && metadata.root.version === row.root_version) return;
    await recordAct(tx, caller, { row: { ...row, ...change }, action: 'evidence_root.updated', at });
  });
}

/** Each kind of refusal is told once, however often it comes again. */
async function recordFailure(
  { database, now, random }: TrustRootParts,
  caller: Caller,
  { row, kept, error }: { row: TrustRootRow; kept: Map<string, Uint8Array>; error: TrustError },
): Promise<void> {
  const at = now();
  const failures = row.failures + 1;
  const message = error.message.replaceAll('\u0000', '').slice(0, maxMessageCharacters);
  const change = {
    ...{ failures, failure_code: error.code, failure: message, next_check_at: at + pauseAfter(failures, random) },
    since: row.failures === 0 ? at : row.since,
  };
  await database.transaction(async (tx) => {
    if (!(await updateTrustRoot(tx, row.id, change))) return;
    await replaceMetadata(tx, row.id, kept);
    if (row.failure_code === error.code) return;
    const refusal = { code: error.code, message };
    await recordAct(tx, caller, { row, action: 'evidence_root.refused', refusal, at });
  });
}
