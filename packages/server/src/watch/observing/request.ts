/** Asking for a look: it makes the watch look sooner, and never says what there is to see. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { findSchedule } from '../recording/store.ts';
import { parseSourceReference, type SourceReference } from '../sources/source-key.ts';
import { findSourceByKey, type SourceRow } from '../sources/store.ts';
import { countRequests, hasten, insertRequest } from './store.ts';

/** What was asked for. */
export interface Asked {
  readonly source: SourceRow;
  /** Unix ms. */
  readonly requestedAt: number;
}

/** What is asked for stands before everything that has been due for less than this. */
const headStartMs = 3_600_000;
/** In one source; more waits for the looks that are due. */
const maxRequests = 1000;

/**
 * Asks for a look at what a reference names. Throws `invalid` for a malformed reference, `not_found` for a source that nobody watches,
 * `rate_limited` when too much is asked for already.
 */
export async function requestLook({ database, now }: WatchParts, caller: Caller, reference: string): Promise<Asked> {
  const parsed = parseSourceReference(reference);
  return database.transaction(async (tx) => {
    const at = now();
    const source = await findWatched(tx, caller.organisationId, parsed.key);
    if (!source) {
      throw new Refusal('not_found', `nobody watches ${parsed.key}`, {
        rule: 'watch-source',
        hint: `signpost watch add ${parsed.key}`,
      });
    }
    await noteRequest(tx, caller, { source, parsed, at });
    return { source, requestedAt: at };
  });
}

async function findWatched(query: Query, organisationId: string, key: string): Promise<SourceRow | undefined> {
  const source = await findSourceByKey(query, { organisationId, key });
  return source?.removed_at === null ? source : undefined;
}

async function noteRequest(
  tx: Tx,
  caller: Caller,
  { source, parsed, at }: { readonly source: SourceRow; readonly parsed: SourceReference; readonly at: number },
): Promise<void> {
  if ((await countRequests(tx, source.id)) >= maxRequests) {
    throw new Refusal('rate_limited', `expected at most ${maxRequests} things to be asked for in a source`, {
      retryAfterSeconds: 60,
    });
  }
  const content = parsed.digest?.slice('sha256:'.length) ?? '';
  await insertRequest(tx, { sourceId: source.id, label: parsed.label ?? '', content, now: at });
  await hasten(tx, source.id, at - headStartMs);
  const object = { kind: 'watch_source', id: source.id };
  const detail = { source: source.key, label: parsed.label ?? null, digest: parsed.digest ?? null };
  await recordAudit(tx, at, { ...caller, action: 'watch_source.asked', object, detail });
}

/** How a look ended that was asked for. */
export interface Waited {
  /** `waiting`: it has not ended yet. */
  readonly state: 'observed' | 'unanswered' | 'waiting';
  readonly reason: string | null;
}

const pollMs = 200;

/** Waits until a look that began after the request has ended, for `limitMs` at most. */
export async function awaitLook(query: Query, { source, requestedAt }: Asked, limitMs: number): Promise<Waited> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const schedule = await findSchedule(query, source.id);
    if (schedule?.looked_at && schedule.looked_at >= requestedAt) {
      const isBlind = schedule.unknown_since !== null;
      return { state: isBlind ? 'unanswered' : 'observed', reason: schedule.unknown_reason };
    }
    if (waitedMs >= limitMs) return { state: 'waiting', reason: null };
    await sleep(pollMs);
  }
}
