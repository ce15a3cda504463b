/** Keeps lists up to date: at once when a status changes, by the clock before they run out, and after a crash. */
import { setTimeout } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { Refusal } from '../../../errors.ts';
import { createQueue } from '../../../storage/turns.ts';
import type { AuthorityParts, AuthorityPlace } from '../../authorities/authority.ts';
import { openIssuer } from '../../authorities/issuer.ts';
import { onStatusChange } from '../../records/status-changes.ts';
import { listValidityMs } from '../periods.ts';
import type { StatusAnswers } from '../status-answers.ts';
import { listPublishing } from '../store.ts';
import { isDue, publishLists } from './publish.ts';

/** What the publisher works with. */
export interface PublisherParts extends AuthorityParts {
  readonly log: Pick<BaseLogger, 'warn' | 'error'>;
  readonly statusAnswers: StatusAnswers;
}

/** Publishes lists. */
export interface ListPublisher {
  /**
   * Has the lists of an authority made again soon, and resolves when they are, or cannot be: requests that come while that goes
   * on become one more.
   */
  request(place: AuthorityPlace): Promise<void>;
  /** Makes again what is due, of all organisations. Roots that ask for a passphrase wait for somebody who has it. */
  refresh(): Promise<void>;
  /** Resolves when nothing is requested any more. */
  settle(): Promise<void>;
  /** Hears of no more changes, and resolves when what goes on has ended. */
  stop(): Promise<void>;
}

/** After a publication that took so long, the same authority rests so many times as long, so that large lists leave time to others, */
const restFactor = 4;
/** but never longer than this. */
const maxRestMs = 5000;

/** Starts publishing whatever changes in the database. */
export function startListPublisher(parts: PublisherParts): ListPublisher {
  const enqueue = createQueue();
  const pending = new Map<string, Promise<void>>();
  const restUntil = new Map<string, number>();
  let stopped = false;
  const publish = async (place: AuthorityPlace) => {
    await rest((restUntil.get(place.authorityId) ?? 0) - performance.now());
    await enqueue(async () => {
      if (stopped) return;
      // From here on, a change may be missed by what is being made, and asks for one more.
      pending.delete(place.authorityId);
      const started = performance.now();
      await publishOne(parts, place);
      const ended = performance.now();
      restUntil.set(place.authorityId, ended + Math.min(maxRestMs, (ended - started) * restFactor));
    });
  };
  const request = (place: AuthorityPlace) => {
    const known = pending.get(place.authorityId);
    if (known) return known;
    const running = publish(place).catch((err: unknown) => logFailure(parts, place, err));
    pending.set(place.authorityId, running);
    return running;
  };
  const settle = async () => {
    while (pending.size > 0) await Promise.all(pending.values());
    await enqueue(async () => undefined);
  };
  const ignore = onStatusChange(parts.database, ({ organisationId, issuerId }) => {
    void request({ organisationId, authorityId: issuerId });
  });
  return {
    request,
    settle,
    refresh: async () => {
      await Promise.all((await listDue(parts)).map(request));
    },
    stop: () => {
      stopped = true;
      ignore();
      return enqueue(async () => undefined);
    },
  };
}

async function publishOne(parts: PublisherParts, place: AuthorityPlace): Promise<void> {
  const issuer = await openIssuer(parts, place, 'status');
  await publishLists(parts, issuer, { validityMs: listValidityMs.server });
  parts.statusAnswers.forgetLists(place.authorityId);
}

async function listDue(parts: PublisherParts): Promise<AuthorityPlace[]> {
  const due: AuthorityPlace[] = [];
  for (const { id, organisation_id, custody } of await listPublishing(parts.database.query, parts.now())) {
    if (custody === 'server' && (await isDue(parts, id)))
      due.push({ organisationId: organisation_id, authorityId: id });
  }
  return due;
}

/** A vault that is locked and a root that needs its passphrase are no faults: the next refresh, or an act, makes the list. */
function logFailure({ log }: PublisherParts, { authorityId }: AuthorityPlace, err: unknown): void {
  if (err instanceof Refusal) log.warn({ authorityId, reason: err.message }, 'revocation lists wait to be published');
  else log.error({ err, authorityId }, 'revocation lists could not be published');
}

function rest(ms: number): Promise<void> | undefined {
  if (ms <= 0) return undefined;
  return setTimeout(ms);
}
