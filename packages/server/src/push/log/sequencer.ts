/** The sequencer: puts events and publications into the logs, in batches, each frame signed once; one for the process. */
import { setImmediate } from 'node:timers/promises';
import type { FrameSigner } from '@signpost/protocol/frames/frame-key';
import type { Transaction } from 'kysely';
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { Event } from '../../storage/bus.ts';
import type { Database } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { startTurns, type Turns } from '../../storage/turns.ts';
import { isFitting } from './draft-size.ts';
import { appendFrames, type Log, type LoggedFrame, openLog } from './log.ts';
import { admitPublications, listNew, type Publication, type Published, recordPublications } from './publications.ts';
import { listWaiting, listWaitingEvents, markFramed, noteEvent } from './store.ts';
import { type Draft, draftOf, isFramed } from './topics.ts';

/** Frames that one transaction appended, in this order, to the log as it was before. */
export interface Batch {
  readonly log: Log;
  readonly frames: readonly LoggedFrame[];
}

/** What applications have published in one transaction. */
export interface PublishedDrafts {
  readonly organisationId: string;
  readonly drafts: readonly Draft[];
  readonly at: number;
}

/** What a sequencer works with. */
export interface SequencerParts {
  readonly database: Database;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'warn' | 'error'>;
  /** What signs for an organisation now; undefined while nothing may. */
  readonly findSigner: (organisationId: string) => Promise<FrameSigner | undefined>;
  /** Called in the transaction that puts what applications publish into the log. */
  readonly published: (tx: Transaction<Schema>, publication: PublishedDrafts) => Promise<void>;
  /** Called after each commit, in the order of the commits; must not throw. */
  readonly deliver: (batch: Batch) => void;
}

/** How much waits to be put into the logs. */
export interface Lag {
  readonly events: number;
  /** Since when the oldest event waits, in Unix milliseconds. */
  readonly since: number;
}

const batchLimit = 500;
const pollMs = 1000;
const retryMs = 250;

interface Asked {
  readonly publication: Publication;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: unknown) => void;
}

/** Puts what it is given into the logs. */
export class Sequencer {
  readonly #parts: SequencerParts;
  /** By organisation. */
  readonly #asked = new Map<string, Asked[]>();
  #turns: Turns | undefined;
  #stopped = false;
  #lags: ReadonlyMap<string, Lag> = new Map();
  /** Whether an event may have come since it was looked for. */
  #isNoted = true;
  #measuredAt = 0;

  constructor(parts: SequencerParts) {
    this.#parts = parts;
  }

  /** Begins to write what waits. */
  start(): void {
    this.#turns = startTurns(() => this.#turn());
  }

  /**
   * Takes an event of the bus: resolves when it is durable here, whether or not it can be signed now, so that no other
   * subscriber waits for the vault. An event that comes again is the same one.
   */
  async take(event: Event): Promise<void> {
    const { organisationId, topic } = event;
    if (organisationId === null || !isFramed(topic)) return;
    await noteEvent(this.#parts.database.query, { ...event, organisationId });
    this.wake();
  }

  /** Resolves when the frame is durable. Rejects with a Refusal when it cannot be published. */
  publish(publication: Publication): Promise<Published> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(stopped());
      const asked = this.#asked.get(publication.organisationId) ?? [];
      this.#asked.set(publication.organisationId, asked);
      asked.push({ publication, resolve, reject });
      this.#turns?.wake();
    });
  }

  /** Looks at once: something may be signed again. */
  wake(): void {
    this.#isNoted = true;
    this.#turns?.wake();
  }

  /** What waits, by organisation, as of the last turn. */
  get lags(): ReadonlyMap<string, Lag> {
    return this.#lags;
  }

  /** Resolves when the batch under way is durable; events that wait are taken up by the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#turns?.stop();
    for (const asked of this.#asked.values()) for (const { reject } of asked) reject(stopped());
    this.#asked.clear();
  }

  async #turn(): Promise<number> {
    try {
      // A publication alone asks for nothing that waits.
      if (this.#isNoted || performance.now() - this.#measuredAt >= pollMs) await this.#measure();
      for (const organisationId of new Set([...this.#lags.keys(), ...this.#asked.keys()])) {
        while (!this.#stopped && (await this.#write(organisationId)) === batchLimit);
      }
      if (this.#lags.size > 0) await this.#measure();
      return pollMs;
    } catch (err) {
      this.#isNoted = true;
      this.#parts.log.warn({ err }, 'frames wait: the log could not be written');
      return retryMs;
    }
  }

  async #measure(): Promise<void> {
    this.#isNoted = false;
    this.#measuredAt = performance.now();
    const rows = await listWaiting(this.#parts.database.query);
    this.#lags = new Map(rows.map(({ organisation_id, count, since }) => [organisation_id, { events: count, since }]));
  }

  /** Writes one batch and returns how many events it took. What was asked for in it is answered in any case. */
  async #write(organisationId: string): Promise<number> {
    const waiting = this.#asked.get(organisationId) ?? [];
    const asked = waiting.splice(0, batchLimit);
    if (waiting.length === 0) this.#asked.delete(organisationId);
    try {
      const signer = await this.#parts.findSigner(organisationId);
      if (!signer) throw notVouched();
      const publications = asked.map(({ publication }) => publication);
      const { batch, outcomes, taken } = await this.#append({ organisationId, signer, publications });
      if (batch.frames.length > 0) this.#parts.deliver(batch);
      for (const [place, { resolve, reject }] of asked.entries()) settle(outcomes[place], { resolve, reject });
      // What was committed goes out before the next commit holds up the process.
      await setImmediate();
      return taken;
    } catch (error) {
      for (const { reject } of asked) reject(error);
      if (error instanceof Refusal) return 0;
      throw error;
    }
  }

  /** Resolves when the frames are durable; no other batch is begun before, and the process does other work while the disk flushes, unless one publication alone waits for a quick disk. */
  async #append(work: Work): Promise<Written> {
    const isLone = work.publications.length <= 1 && this.#asked.size === 0;
    const { result, durable } = await this.#parts.database.commit((tx) => this.#put(tx, work), { isLone });
    await durable;
    return result;
  }

  async #put(tx: Transaction<Schema>, { organisationId, signer, publications }: Work): Promise<Written> {
    const now = this.#parts.now();
    const log = await openLog(tx, organisationId, now);
    const { drafts, taken } = await this.#takeEvents(tx, organisationId, now);
    const admissions = await admitPublications(tx, log, publications);
    const fresh = listNew(publications, admissions);
    const told = fresh.filter(({ type }) => type.startsWith('app.'));
    if (told.length > 0) await this.#parts.published(tx, { organisationId, drafts: told, at: now });
    // As late as can be: a frame says when it was signed, and listeners weigh how long ago that is.
    const frames = await appendFrames(tx, log, { drafts: [...drafts, ...fresh], signer, now: this.#parts.now() });
    const own = frames.slice(drafts.length);
    const outcomes = await recordPublications(tx, log, { publications, admissions, frames: own, now });
    return { batch: { log, frames }, outcomes, taken };
  }

  async #takeEvents(tx: Transaction<Schema>, organisationId: string, now: number) {
    // What is noted after they were counted has the next turn.
    if (!this.#lags.has(organisationId)) return { drafts: [], taken: 0 };
    const events = await listWaitingEvents(tx, organisationId, batchLimit);
    const ids = events.map(({ id }) => id);
    await markFramed(tx, ids, now);
    const drafts = events.flatMap(({ id, topic, payload, at }) => {
      const draft = draftOf({ topic, payload: JSON.parse(payload), at });
      if (draft && isFitting(draft)) return [draft];
      this.#parts.log.error({ event: id, topic }, 'an event fits into no frame');
      return [];
    });
    return { drafts, taken: events.length };
  }
}

interface Written {
  readonly batch: Batch;
  readonly outcomes: readonly (Published | Refusal)[];
  /** How many events became frames, or fit into none. */
  readonly taken: number;
}

interface Work {
  readonly organisationId: string;
  readonly signer: FrameSigner;
  readonly publications: readonly Publication[];
}

function settle(
  outcome: Published | Refusal | undefined,
  { resolve, reject }: Pick<Asked, 'resolve' | 'reject'>,
): void {
  if (outcome === undefined || outcome instanceof Refusal) reject(outcome);
  else resolve(outcome);
}

/** Nothing is sent that nobody could verify. */
export function notVouched(): Refusal {
  return new Refusal('unavailable', 'no push key of this organisation is in force, so nothing can be signed', {
    rule: 'push-not-vouched',
    hint: 'an operator looks at signpost doctor: the vault must be open, and the trust list must name the push key',
    retryAfterSeconds: 30,
  });
}

function stopped(): Refusal {
  return new Refusal('unavailable', 'the server is stopping', { rule: 'stopping', retryAfterSeconds: 5 });
}
