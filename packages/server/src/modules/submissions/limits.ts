/** How much one author may hand in, whichever of their keys they use: what waits costs disk and the time of managers. */
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { discardedKeptMs } from '../../storage/discarded-blobs.ts';
import { countProposed } from '../authors/store.ts';
import { countOpen, countSubmissions, measureKept } from './store.ts';

/** Submissions that nobody has decided on. */
export const maxOpen = 20;
/** Submissions within an hour, whatever became of them. */
export const maxHourly = 30;
/** Bytes that wait, or came or ended within a day, 4 GiB: so long what was taken back or refused lies on the disk. */
const maxKeptBytes: number = 4 * 1024 ** 3;
/** Modules that were asked for and none approved: each holds a slug. */
export const maxProposed = 10;

const hourMs = 3_600_000;

/** Throws `conflict` or `rate_limited` when an author hands in more than they may. Transactions run one by one, so that two cannot pass at once. */
export async function assertWithinLimits(
  query: Query,
  { authorId, sizeBytes, at }: { readonly authorId: string; readonly sizeBytes: number; readonly at: number },
): Promise<void> {
  if ((await countOpen(query, authorId)) >= maxOpen) {
    throw new Refusal('conflict', `an author has at most ${maxOpen} submissions that wait`, {
      rule: 'submissions-open',
      hint: 'wait for a decision, or withdraw one: signpost module withdraw',
    });
  }
  if ((await countSubmissions(query, authorId, at - hourMs)) >= maxHourly) {
    throw new Refusal('rate_limited', `an author hands in at most ${maxHourly} times an hour`, {
      rule: 'submissions-hourly',
      retryAfterSeconds: hourMs / 1000,
    });
  }
  if ((await measureKept(query, authorId, at - discardedKeptMs)) + sizeBytes > maxKeptBytes) {
    throw new Refusal('rate_limited', `an author has at most ${maxKeptBytes} bytes that wait or came within a day`, {
      rule: 'submissions-bytes',
      retryAfterSeconds: hourMs / 1000,
    });
  }
}

/** Throws `conflict` for one proposed module too many. */
export async function assertMayPropose(query: Query, authorId: string): Promise<void> {
  if ((await countProposed(query, authorId)) < maxProposed) return;
  throw new Refusal('conflict', `an author proposes at most ${maxProposed} modules that nobody has approved`, {
    rule: 'modules-proposed',
    hint: 'wait for a decision on those before',
  });
}
