/** One look at one source: what it lists, what of that is new, what can be seen of it, and when the next look is due. */
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { WatchParts } from '../parts.ts';
import type { ListedArtifact, Listing, Readers, ReadSource, Unanswered } from '../readers/reader.ts';
import { recordAnswered, recordUnanswered } from '../recording/blindness.ts';
import { recordListing } from '../recording/capped-listing.ts';
import { recordNames } from '../recording/unread-names.ts';
import { lineOf } from '../sources/line.ts';
import { askReader } from './ask-reader.ts';
import { adaptInterval, jitter, pauseAfter } from './interval.ts';
import { nameArtifact, noneRead, observeAll, type Progress, type Round } from './observe.ts';
import {
  type DueSource,
  deleteRequests,
  type Lease,
  listRequests,
  listSeen,
  listTagEnds,
  listUnread,
  updateHeld,
  type WatchRequest,
} from './store.ts';
import { findKnown, indexNames, isWanted, type KnownNames, selectWork } from './work.ts';

/** What a look is taken with. */
export interface LookParts extends WatchParts {
  readonly readers: Readers;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Pick<BaseLogger, 'error' | 'warn'>;
}

/** What came of a look. `changed`: names that are new or lead elsewhere than before. */
export type Looked =
  | { readonly kind: 'looked'; readonly recorded: number; readonly changed: number }
  | (Omit<Unanswered, 'kind'> & { readonly kind: 'unanswered' });

/** What a look found, before it is noted. */
interface Found {
  readonly kind: 'found';
  readonly recorded: number;
  readonly changed: number;
  readonly unread: number;
  readonly skipped: number;
  /** What was looked at, and why it could not be read. */
  readonly names: Progress['names'];
  /** All names that there are; undefined: there may be more. */
  readonly listed: ReadonlySet<string> | undefined;
  /** There is more to do at once. */
  readonly isCut: boolean;
  readonly stopped: Unanswered | undefined;
  /** For the next listing; null: it must be whole. */
  readonly validators: string | null;
  readonly listedAt: number | null;
}

const listLimitMs = 300_000;
/** Artifacts that are recorded in one look: others wait as well. */
const maxRecorded = 500;
/** After this time a source is listed whole, so that what it has had for long is looked at again. */
const wholeEveryMs = 24 * 3_600_000;

/** Looks at a source that is held, and says when it is due again. Throws the reason of the signal; the source is then due as before. */
export async function lookAt(
  parts: LookParts,
  due: DueSource,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<Looked> {
  const startedAt = parts.now();
  const found = await find(parts, due, { startedAt, signal });
  const isBlind = found.kind === 'unknown' || (found.stopped !== undefined && found.recorded === 0);
  if (isBlind) {
    const { reason, retryAfterMs } = found.kind === 'unknown' ? found : (found.stopped ?? { reason: 'it stopped' });
    await noteUnanswered(parts, due, { lease, startedAt, reason, retryAfterMs });
    return { kind: 'unanswered', reason, retryAfterMs };
  }
  if (found.recorded === 0 && found.unread === 0 && due.failures > 0) await recordAnswered(parts, nameOf(due));
  await recordNames(parts, { ...nameOf(due), seen: found.names, listed: found.listed }).catch(ignoreRemoved);
  await noteFound(parts, due, { lease, startedAt, found });
  return { kind: 'looked', recorded: found.recorded, changed: found.changed };
}

interface Looking {
  readonly startedAt: number;
  readonly signal: AbortSignal;
}

async function find(parts: LookParts, due: DueSource, { startedAt, signal }: Looking): Promise<Found | Unanswered> {
  const reader = parts.readers[due.ecosystem];
  const requests = await listRequests(parts.database.query, due.id, startedAt);
  const readSource = describeSource(due, isSettled(due, startedAt) && requests.length === 0);
  const call = { signal, limitMs: listLimitMs, log: parts.log };
  const listing: Listing = await askReader((limited) => reader.list(readSource, limited), call);
  if (listing.kind === 'unknown') return listing;
  if (listing.kind === 'unchanged') {
    const nothing = { recorded: 0, changed: 0, unread: 0, skipped: 0, names: emptyProgress.names, listed: undefined };
    const rest = { ...nothing, isCut: false, stopped: undefined };
    return { kind: 'found', ...rest, validators: due.validators, listedAt: due.listed_at };
  }
  const isCapped = listing.isCapped ?? false;
  await recordListing(parts, { ...nameOf(due), key: due.key, isCapped }).catch(ignoreRemoved);
  const round: Round = { parts, reader, source: due, readSource, signal };
  return work(round, due, { listing, requests, startedAt });
}

/** Whether it is enough to hear that nothing changed. */
function isSettled({ listed_at, unknown_since, skipped, unread }: DueSource, now: number): boolean {
  return (
    listed_at !== null && now - listed_at < wholeEveryMs && unknown_since === null && skipped === 0 && unread === 0
  );
}

function describeSource(due: DueSource, mayBeUnchanged: boolean): ReadSource {
  const { organisation_id: organisationId, key, declared_repository, validators } = due;
  return {
    ...{ organisationId, key },
    declaredRepository: declared_repository ?? undefined,
    validators: mayBeUnchanged ? (validators ?? undefined) : undefined,
  };
}

interface Work {
  readonly listing: Listing & { readonly kind: 'listed' };
  readonly requests: readonly WatchRequest[];
  readonly startedAt: number;
}

/** What was asked for comes first; then the rest, from where the last look left it. */
async function work(round: Round, due: DueSource, { listing, requests, startedAt }: Work): Promise<Found> {
  const known = await readNames(round, due);
  const all = selectWork(listing.artifacts, known, { requests, now: startedAt });
  const isAsked = (artifact: ListedArtifact) => isWanted(requests, artifact, findKnown(known, artifact));
  const asked = [...all.filter(isAsked), ...listMissing(due, listing.artifacts, requests)];
  const first = await observeAll(round, asked, asked.length);
  const digests = listDigests(known, first, requests);
  const second = isStopped(first) ? emptyProgress : await observeAll(round, digests, digests.length);
  const rest = all.filter((artifact) => !isAsked(artifact));
  const from = rest.length > due.skipped ? due.skipped : 0;
  const third = isStopped(first) ? emptyProgress : await observeAll(round, rest.slice(from), maxRecorded);
  const fourth = await observeAnother(round, listing.artifacts, [first, second, third]);
  const progress = [first, second, third, fourth];
  const isDone = from + third.tried >= rest.length;
  const { names, unread, stopped } = summarize(progress);
  const isWhole = isDone && from === 0 && unread === 0 && !stopped;
  const recorded = progress.flatMap((one) => one.recorded);
  return {
    ...{ kind: 'found', recorded: recorded.length, unread, stopped, names },
    listed: listing.isCapped ? undefined : new Set([...listing.artifacts, ...asked, ...digests].map(nameArtifact)),
    changed: recorded.filter(({ artifact, content }) => findKnown(known, artifact) !== content).length,
    skipped: isDone ? 0 : from + third.tried - third.recorded.length,
    isCut: !isDone && !stopped,
    validators: isWhole ? (listing.validators ?? null) : null,
    listedAt: isWhole ? startedAt : null,
  };
}

const emptyProgress: Progress = { recorded: [], tried: 0, unread: 0, names: new Map(), stopped: undefined };

function isStopped({ stopped }: Progress): boolean {
  return stopped !== undefined && stopped !== noneRead;
}

/** Where nothing could be read, one more is tried that was not looked at: whether the source is blind, or these are. */
async function observeAnother(
  round: Round,
  listed: readonly ListedArtifact[],
  progress: readonly Progress[],
): Promise<Progress> {
  const names = new Map(progress.flatMap((one) => [...one.names]));
  const isUnread = names.size > 0 && [...names.values()].every((reason) => reason !== undefined);
  const another = listed.filter((artifact) => !names.has(nameArtifact(artifact))).slice(0, 1);
  return isUnread && !progress.some(isStopped) ? observeAll(round, another, 1) : emptyProgress;
}

function summarize(progress: readonly Progress[]): Pick<Found, 'names' | 'unread' | 'stopped'> {
  const names = new Map(progress.flatMap((one) => [...one.names]));
  const reasons = [...names.values()];
  const isNoneRead = progress.some(({ tried }) => tried > 0) && progress.every(({ tried, unread }) => tried === unread);
  return {
    names,
    unread: reasons.filter((reason) => reason !== undefined).length,
    stopped: progress.find(isStopped)?.stopped ?? (isNoneRead ? noneRead : undefined),
  };
}

async function readNames({ parts }: Round, due: DueSource): Promise<KnownNames> {
  const { query } = parts.database;
  const unread = due.unread > 0 || due.unknown_since !== null ? await listUnread(query, due.id) : [];
  return indexNames(await listSeen(query, due.id), await listTagEnds(query, due.id), unread);
}

/** Labels that were asked for and that a listing with a limit may have left out. */
function listMissing(
  { ecosystem }: DueSource,
  listed: readonly ListedArtifact[],
  requests: readonly WatchRequest[],
): readonly ListedArtifact[] {
  const labels = new Set(listed.flatMap(({ names }) => [names.tag, names.version]));
  return requests
    .filter(({ label }) => label !== '' && !labels.has(label))
    .map(({ label }) => ({
      names: ecosystem === 'oci' || ecosystem === 'git' ? { tag: label } : { version: label },
      ...{ line: lineOf(label), isDefault: false },
    }));
}

/** Contents that were asked for and that no name led to: what they are called is not for the one who asks to say. */
function listDigests(
  { seen }: KnownNames,
  { recorded }: Progress,
  requests: readonly WatchRequest[],
): readonly ListedArtifact[] {
  return requests
    .filter(({ content }) => content !== '' && !recorded.some((one) => one.content === content))
    .map(({ content }) => ({
      ...{ content, names: {}, isDefault: false },
      line: seen.get(content)?.line ?? lineOf(undefined),
    }));
}

interface Unseen {
  readonly lease: Lease;
  readonly startedAt: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
}

async function noteUnanswered(parts: LookParts, due: DueSource, unseen: Unseen): Promise<void> {
  const { lease, startedAt, reason, retryAfterMs } = unseen;
  await recordUnanswered(parts, { ...nameOf(due), reason }).catch(ignoreRemoved);
  const pause = jitter(pauseAfter(due.failures + 1, retryAfterMs), parts.random);
  await updateHeld(parts.database.query, lease, {
    ...{ due_at: parts.now() + pause, lease_until: null, looked_at: startedAt },
  });
}

/** Somebody may have removed it in the meantime. */
function ignoreRemoved(error: unknown): void {
  if (!(error instanceof Refusal && error.code === 'not_found')) throw error;
}

const inUseMs = 30 * 24 * 3_600_000;

async function noteFound(
  parts: LookParts,
  due: DueSource,
  { lease, startedAt, found }: { readonly lease: Lease; readonly startedAt: number; readonly found: Found },
): Promise<void> {
  const { changed, unread, skipped, validators, listedAt } = found;
  await parts.database.transaction(async (tx) => {
    await deleteRequests(tx, due.id, startedAt);
    const now = parts.now();
    const isInUse = due.in_use_at !== null && now - due.in_use_at < inUseMs;
    const interval = adaptInterval(due.interval_ms, { hasChanged: changed > 0, isInUse });
    const isAsked = (await listRequests(tx, due.id, now)).length > 0;
    const pause = isAsked || found.isCut ? 0 : jitter(interval, parts.random);
    await updateHeld(tx, lease, {
      ...{ due_at: now + Math.max(pause, found.stopped?.retryAfterMs ?? 0), interval_ms: interval, lease_until: null },
      ...{ looked_at: startedAt, listed_at: listedAt, validators, skipped, unread },
    });
  });
}

function nameOf({ organisation_id: organisationId, id: sourceId }: DueSource) {
  return { organisationId, sourceId };
}
