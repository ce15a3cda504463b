/** Counters of authors' statements: each key counts up for a module, by a clock that is about right, and no statement comes twice. */
import type { AuthorSignature } from '@signpost/protocol/updates/author';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { findHighestCounter, type NamedSubmission } from './store.ts';

/** How far ahead a counter may be, taken as Unix ms: beyond that, the right clock would count below it for as long. */
const maxAheadMs = 24 * 3_600_000;

const rule = 'author-counter';

interface Counted {
  readonly moduleId: string;
  readonly slug: string;
  readonly author: AuthorSignature;
  /** Unix ms. */
  readonly at: number;
}

/**
 * Throws `conflict`, rule `author-counter`, for a statement that is not above all that its key ever handed in for the module, whatever became of them: what
 * was withdrawn or refused is not brought again by somebody else. Throws `invalid` for one that is more than a day ahead of the clock.
 */
export async function assertNewCounter(query: Query, { moduleId, slug, author, at }: Counted): Promise<void> {
  const { counter, pubkeyB64: publicKey } = author;
  if (counter > at + maxAheadMs) {
    throw new Refusal('invalid', `expected a counter of at most ${at + maxAheadMs}, got ${counter}`, {
      rule,
      hint: 'signpost module submit --author-key counts by the clock of your machine, which is more than a day ahead',
    });
  }
  const highest = await findHighestCounter(query, { moduleId, publicKey });
  if (counter > highest) return;
  throw new Refusal('conflict', `expected a counter above ${highest}, which the key has signed for ${slug}`, {
    rule,
    hint: 'sign again: signpost module submit --author-key counts by the clock, which may be behind',
  });
}

/** Throws `conflict`, rule `author-counter`, for a submission that is not above what was approved of its key meanwhile: clients that have seen that would refuse it. */
export async function assertStillAbove(query: Query, row: NamedSubmission): Promise<void> {
  if (row.public_key === null) return;
  const { module_id: moduleId, public_key: publicKey } = row;
  const highest = await findHighestCounter(query, { moduleId, publicKey, state: 'approved' });
  // Where the counter is missing, it was handed in before there were any.
  if ((row.author_counter ?? 0) > highest) return;
  throw new Refusal('conflict', `a later statement of the key was approved: expected a counter above ${highest}`, {
    rule,
    hint: `refuse it, and ask for ${row.version} to be signed again`,
  });
}
