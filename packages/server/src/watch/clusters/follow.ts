/** One round with one cluster: all pods are listed, then their changes are watched until it is time to list again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import {
  type ApiParts,
  ApiUnanswered,
  listPods,
  type PodEvent,
  type PodList,
  usualKeptBytes,
  watchPods,
} from './api-server.ts';
import { recordClusterAnswered, recordClusterUnanswered } from './blindness.ts';
import { type AccessParts, type ApiAccess, openAccess } from './credential.ts';
import { type RecordedRunning, type RecordParts, recordRunning } from './running/record.ts';
import { RunningPods } from './running-pods.ts';
import type { ClusterRow } from './store.ts';

/** What clusters are followed with. */
export interface FollowParts extends RecordParts, AccessParts, ApiParts {
  readonly log: Pick<BaseLogger, 'error' | 'warn'>;
  /** SIGNPOST_OUTGOING: nobody is asked. */
  readonly isOff: boolean;
  /** From one list to the next, in ms; until then changes are watched. 0: nothing is watched. */
  readonly roundMs: number;
}

/** How a round ended: `broken` when its watch did before its time. */
export type Followed =
  | { readonly kind: 'followed' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'unanswered'; readonly failures: number };

/** Changes are recorded together, at most so often. */
const gatherMs = 500;

/** Follows a cluster for a round. Throws the reason of the signal. */
export async function followCluster(parts: FollowParts, cluster: ClusterRow, signal: AbortSignal): Promise<Followed> {
  const opened = await open(parts, cluster);
  if (typeof opened === 'string') return unanswered(parts, cluster, opened);
  const endsAt = performance.now() + parts.roundMs;
  const listed = await listPods(parts, opened, signal);
  if (listed.kind === 'unknown') return unanswered(parts, cluster, listed.reason);
  const pods = new RunningPods(parts.maxKeptBytes ?? usualKeptBytes);
  for (const pod of listed.pods) pods.put(pod);
  const recorded = await recordRunning(parts, cluster, pods.takeAll());
  await recordClusterAnswered(parts, cluster, describeLeftOut(recorded, listed));
  const round: Round = { access: opened, pods, endsAt, signal };
  // What is not listed whole would look as if it ended.
  return listed.isCapped ? { kind: 'followed' } : watch(parts, cluster, { round, version: listed.version });
}

async function open(parts: FollowParts, cluster: ClusterRow): Promise<ApiAccess | string> {
  if (parts.isOff) return 'this server asks nobody: SIGNPOST_OUTGOING is off';
  try {
    return await openAccess(parts, cluster);
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

async function unanswered(parts: FollowParts, cluster: ClusterRow, reason: string): Promise<Followed> {
  return { kind: 'unanswered', failures: await recordClusterUnanswered(parts, cluster, reason) };
}

function describeLeftOut(
  { isOver, refusedSources }: RecordedRunning,
  { isCapped, unread }: PodList,
): readonly string[] {
  return [
    ...(isCapped || isOver ? ['more runs than is kept'] : []),
    ...(refusedSources > 0 ? ['more images run than may be watched, and nobody looks at them'] : []),
    ...(unread > 0 ? ['pods run that cannot be read, and nobody looks at their images'] : []),
  ];
}

interface Round {
  readonly access: ApiAccess;
  readonly pods: RunningPods;
  /** By the clock of the process. */
  readonly endsAt: number;
  readonly signal: AbortSignal;
}

/** Shorter streams are not begun. */
const leastSeconds = 5;

async function watch(
  parts: FollowParts,
  cluster: ClusterRow,
  { round, version: first }: { readonly round: Round; readonly version: string },
): Promise<Followed> {
  let version = first;
  const left = () => Math.floor((round.endsAt - performance.now()) / 1000);
  try {
    for (let seconds = left(); seconds >= leastSeconds; seconds = left()) {
      const ended = await takeStream(parts, cluster, { round, version, seconds });
      if (ended.isGone) return { kind: 'followed' };
      version = ended.version;
      // A server that ends every stream at once is not asked without end.
      await sleep(gatherMs, undefined, { signal: round.signal });
    }
    return { kind: 'followed' };
  } catch (error) {
    round.signal.throwIfAborted();
    if (!(error instanceof ApiUnanswered)) throw error;
    parts.log.warn({ cluster: cluster.id, reason: error.message }, 'the watch of a cluster broke off');
    return { kind: 'broken' };
  }
}

interface Stream {
  readonly round: Round;
  readonly version: string;
  readonly seconds: number;
}

/** Takes one stream to its end: the last version that it named, and whether all has to be listed again. */
async function takeStream(parts: FollowParts, cluster: ClusterRow, { round, version, seconds }: Stream) {
  const stop = new AbortController();
  const signal = AbortSignal.any([round.signal, stop.signal]);
  const events = watchPods(parts, round.access, { version, seconds, signal });
  const ended = { version, isGone: false };
  let next = events.next();
  let tick = pause();
  try {
    for (;;) {
      // The pause first: however fast events come, what they change is recorded.
      const taken = await Promise.race([tick, next]);
      if (taken === 'pause') {
        await recordChanges(parts, cluster, round);
        tick = pause();
        continue;
      }
      if (taken.done) break;
      next = events.next();
      takeEvent(round.pods, taken.value, ended);
    }
    await recordChanges(parts, cluster, round);
    return ended;
  } finally {
    stop.abort(new Error('the stream is left'));
    next.catch(() => undefined);
    events.return(undefined).catch(() => undefined);
  }
}

function pause(): Promise<'pause'> {
  return sleep(gatherMs, 'pause' as const, { ref: false });
}

function takeEvent(pods: RunningPods, event: PodEvent, ended: { version: string; isGone: boolean }): void {
  if (event.kind === 'gone') {
    ended.isGone = true;
    return;
  }
  ended.version = event.version;
  if (event.kind === 'put' && !pods.put(event.pod)) throw new ApiUnanswered('more runs than is kept');
  if (event.kind === 'deleted') pods.delete(event.uid);
}

async function recordChanges(parts: FollowParts, cluster: ClusterRow, { pods }: Round): Promise<void> {
  const changes = pods.takeChanges();
  if (changes) await recordRunning(parts, cluster, changes);
}
