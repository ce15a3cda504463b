/** Ends connections, and long polls that wait, whose session or key has ended or whose role no longer allows what they hear: at once, and every half minute. */
import { onAccessChange } from '../../accounts/access-changes.ts';
import { listStanding } from '../../accounts/standing.ts';
import type { Principal } from '../../http/context.ts';
import type { Database } from '../../storage/database.ts';
import { startTurns } from '../../storage/turns.ts';
import { mayHear } from '../channels/access.ts';
import type { KeyHolder } from '../keys/session-keys.ts';
import type { Listener } from './audience.ts';
import type { Feed } from './feed.ts';
import type { Hub } from './hub.ts';
import type { Reader } from './reader.ts';
import type { Waiter } from './waiters.ts';

/** What is watched, and with what. */
export interface WatchParts {
  readonly database: Database;
  readonly hub: Hub;
  readonly now: () => number;
  readonly log: { warn(detail: object, message: string): void };
  /** Ids of sessions and API keys that something else than a connection hangs on, by organisation. */
  readonly listOthers: () => Iterable<KeyHolder>;
  /** Called with those of them that have ended. */
  readonly ended: (principal: KeyHolder) => void;
}

/** For what ends by the clock alone. */
const everyMs = 30_000;
const retryMs = 250;

/** Starts watching; the function returned stops it. */
export function watchAccess(parts: WatchParts): () => Promise<void> {
  const turns = startTurns(async () => {
    try {
      for (const [organisationId, watched] of gather(parts)) await look(parts, organisationId, watched);
      return everyMs;
    } catch (err) {
      parts.log.warn({ err }, 'whether listeners may still listen could not be found out');
      return retryMs;
    }
  });
  const stopHearing = onAccessChange(parts.database, () => turns.wake());
  return async () => {
    stopHearing();
    await turns.stop();
  };
}

interface Watched {
  readonly listeners: readonly Listener[];
  readonly waiters: readonly Waiter[];
  readonly others: readonly KeyHolder[];
  readonly feed: Feed | undefined;
}

function gather({ hub, listOthers }: WatchParts): Map<string, Watched> {
  const others = Map.groupBy(listOthers(), ({ organisationId }) => organisationId);
  const watched = new Map<string, Watched>();
  for (const [organisationId, list] of others)
    watched.set(organisationId, { listeners: [], waiters: [], others: list, feed: undefined });
  for (const feed of hub.feeds) {
    const { organisationId } = feed;
    const listeners = [...hub.listenersOf(organisationId)].filter(isMember);
    const waiters = hub.waitersOf(organisationId).filter(isMember);
    const more = others.get(organisationId) ?? [];
    if (listeners.length + waiters.length + more.length === 0) continue;
    watched.set(organisationId, { listeners, waiters, others: more, feed });
  }
  return watched;
}

function isMember({ reader }: { readonly reader: Reader }): boolean {
  return reader.principal !== undefined;
}

async function look(parts: WatchParts, organisationId: string, watched: Watched): Promise<void> {
  const { listeners, waiters, others, feed } = watched;
  const principals = [...[...listeners, ...waiters].flatMap(({ reader }) => reader.principal ?? []), ...others];
  const idsOf = (kind: KeyHolder['kind']) => [
    ...new Set(principals.filter((principal) => principal.kind === kind).map(({ id }) => id)),
  ];
  const asked = { organisationId, sessionIds: idsOf('session'), apiKeyIds: idsOf('api-key'), now: parts.now() };
  const standing = await listStanding(parts.database.query, asked);
  for (const other of others) if (!standing.has(other.id)) parts.ended(other);
  for (const listener of listeners) {
    const principal = standing.get(listener.reader.principal?.id ?? '');
    if (!principal) parts.hub.end(listener, 'ended');
    else if (feed && !mayHearAll(feed, principal, listener.audience.names)) parts.hub.end(listener, 'forbidden');
  }
  for (const { reader, names, wake } of waiters) {
    const principal = standing.get(reader.principal?.id ?? '');
    // What has become of them, the answer says.
    if (!principal || (feed && !mayHearAll(feed, principal, names))) wake();
  }
}

function mayHearAll(feed: Feed, principal: Principal, names: readonly string[]): boolean {
  return names.every((name) => {
    const channel = feed.channels.get(name);
    return channel !== undefined && mayHear(principal, channel);
  });
}
