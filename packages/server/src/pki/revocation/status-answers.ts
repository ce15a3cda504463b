/** What this process keeps in memory of what it says about revocation. */
import { DirectResponders } from '../../http/direct-responders.ts';
import { PreparedAnswers } from '../../http/prepared.ts';
import type { Database } from '../../storage/database.ts';
import type { AuthorityPlace } from '../authorities/authority.ts';
import { onStatusChange } from '../records/status-changes.ts';
import { SignedAnswers } from './ocsp/signed-answers.ts';

/** Bounds of the finished buffers: OCSP answers of a kilobyte, small lists. */
const preparedLimits = { answers: 20_000, bytes: 32 * 1024 * 1024 };

/** Kept in memory, and right at every moment: one process has the database to itself. */
export class StatusAnswers {
  readonly signed: SignedAnswers;
  /** By request; the socket answers from them. */
  readonly prepared: PreparedAnswers;
  /** Who answers what is posted for an authority. */
  readonly responders: DirectResponders = new DirectResponders();
  /** Authorities by organisation and name, which is never used twice. */
  readonly places: KnownPlaces = new KnownPlaces();
  readonly #listGenerations = new Map<string, number>();
  readonly #ignore: () => void;

  /** Keeps answers about the certificates in `database`, and forgets what changes, in the moment when it is committed. */
  constructor(database: Database, now: () => number) {
    this.signed = new SignedAnswers(now);
    this.prepared = new PreparedAnswers(now, preparedLimits);
    this.#ignore = onStatusChange(database, (change) => this.signed.forget(change));
  }

  /** Grows whenever lists of an authority are replaced. */
  listGeneration(authorityId: string): number {
    return this.#listGenerations.get(authorityId) ?? 0;
  }

  /** To be called when lists of an authority were replaced. */
  forgetLists(authorityId: string): void {
    this.#listGenerations.set(authorityId, this.listGeneration(authorityId) + 1);
  }

  /** Hears of no more changes. */
  close(): void {
    this.#ignore();
  }
}

/** The most names kept; only those of authorities that there are. */
const maxPlaces = 10_000;

class KnownPlaces {
  readonly #places = new Map<string, AuthorityPlace>();

  /** The authority that goes by `key`, looked for once. */
  async find(key: string, look: () => Promise<AuthorityPlace>): Promise<AuthorityPlace> {
    const known = this.#places.get(key);
    if (known) return known;
    const place = await look();
    if (this.#places.size < maxPlaces) this.#places.set(key, place);
    return place;
  }
}
