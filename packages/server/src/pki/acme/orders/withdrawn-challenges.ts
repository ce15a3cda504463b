/** What becomes of proofs when a directory stops to offer the challenges that they were given by: they are worth nothing at once. */
import type { Transaction } from 'kysely';
import type { Schema } from '../../../storage/schema.ts';
import { AcmeProblem } from '../problem.ts';
import { endProofs, listOffers, replaceOffer } from './store.ts';

/**
 * Ends, in the transaction that changes the directory, what stands on challenges that are not among `offered` any more: proofs,
 * attempts under way, and authorisations that could be proven by nothing else, with the open orders that need them.
 */
export async function withdrawChallenges(
  tx: Transaction<Schema>,
  directoryId: string,
  { before, offered }: { readonly before: readonly string[]; readonly offered: readonly string[] },
): Promise<void> {
  const withdrawn = before.filter((type) => !offered.includes(type));
  if (withdrawn.length === 0) return;
  const hopeless: string[] = [];
  for (const challenges of await listOffers(tx, directoryId)) {
    const left = (JSON.parse(challenges) as string[]).filter((type) => !withdrawn.includes(type));
    if (left.length === 0) hopeless.push(challenges);
    else await replaceOffer(tx, directoryId, { from: challenges, to: JSON.stringify(left) });
  }
  const error = JSON.stringify(refuseWithdrawn().describe());
  await endProofs(tx, directoryId, { attempted: withdrawn, offers: hopeless, error });
}

/** What is said of a proof by a challenge that its directory does not offer any more. */
export function refuseWithdrawn(): AcmeProblem {
  return new AcmeProblem('unauthorized', 'this directory does not take this kind of proof any more');
}
