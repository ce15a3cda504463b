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

/** One of several. */
export interface AskedReference extends Asked {
  /** As it was given. */
  readonly reference: string;
}

interface NotedRequest extends AskedReference {
  readonly parsed: SourceReference;
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
    const noted = await noteRequest(tx, caller, { parsed, at: now() });
    await tellRequests(tx, caller, [noted]);
    return noted;
  });
}

/**
 * Asks for looks at whatever of these is watched, in one transaction and with one row of the audit log. What is malformed, not watched or too much
 * is passed over.
 */
export async function requestLooks(
  { database, now }: WatchParts,
  caller: Caller,
  references: readonly string[],
): Promise<readonly AskedReference[]> {
  return database.transaction(async (tx) => {
    const at = now();
    const noted: NotedRequest[] = [];
    for (const reference of references) {
      try {
        noted.push(await noteRequest(tx, caller, { parsed: parseSourceReference(reference), reference, at }));
      } catch (error) {
        passOver(error);
      }
    }
    if (noted.length > 0) await tellRequests(tx, caller, noted);
    return noted;
  });
}

/** Whoever tells of everything that it holds tells of what nobody watches, too, and again of what was not taken up. */
function passOver(error: unknown): void {
  if (error instanceof Refusal && ['not_found', 'invalid', 'rate_limited'].includes(error.code)) return;
  throw error;
}

async function findWatched(query: Query, organisationId: string, key: string): Promise<SourceRow | undefined> {
  const source = await findSourceByKey(query, { organisationId, key });
  return source?.removed_at === null ? source : undefined;
}

/** Notes it, unless it is refused, before anything is written. */
async function noteRequest(
  tx: Tx,
  { organisationId }: Caller,
  {
    parsed,
    reference = '',
    at,
  }: { readonly parsed: SourceReference; readonly reference?: string; readonly at: number },
): Promise<NotedRequest> {
  const source = await findWatched(tx, organisationId, parsed.key);
  if (!source) {
    throw new Refusal('not_found', `nobody watches ${parsed.key}`, {
      rule: 'watch-source',
      hint: `signpost watch add ${parsed.key}`,
    });
  }
  if ((await countRequests(tx, source.id)) >= maxRequests) {
    throw new Refusal('rate_limited', `expected at most ${maxRequests} things to be asked for in a source`, {
      retryAfterSeconds: 60,
    });
  }
  const content = parsed.digest?.slice('sha256:'.length) ?? '';
  await insertRequest(tx, { sourceId: source.id, label: parsed.label ?? '', content, now: at });
  await hasten(tx, source.id, at - headStartMs);
  return { source, requestedAt: at, reference, parsed };
}

/** References that a row of the audit log names; how many there were stands beside them. */
const maxTold = 5;

async function tellRequests(tx: Tx, caller: Caller, noted: readonly NotedRequest[]): Promise<void> {
  const [first] = noted;
  if (!first) return;
  const isOne = noted.every(({ source }) => source.id === first.source.id);
  const object = isOne
    ? { kind: 'watch_source', id: first.source.id }
    : { kind: 'organisation', id: caller.organisationId };
  const told = noted.slice(0, maxTold).map(({ parsed }) => formatReference(parsed));
  const detail = { references: told.join(' '), count: noted.length };
  await recordAudit(tx, first.requestedAt, { ...caller, action: 'watch_source.asked', object, detail });
}

function formatReference({ key, label, digest }: SourceReference): string {
  return `${key}${label === undefined ? '' : `:${label}`}${digest === undefined ? '' : `@${digest}`}`;
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
