/** Opens the swaps of whichever database a place names. */
import type { Swap, SwapPlace } from './staged.ts';

/** The swaps of the database that `place` names. */
export async function openSwap(place: SwapPlace): Promise<Swap> {
  const { databaseUrl } = place.location;
  if (databaseUrl !== undefined) {
    const { createPostgresSwap } = await import('./postgres-swap.ts');
    return createPostgresSwap(databaseUrl);
  }
  const { createSqliteSwap } = await import('./sqlite-swap.ts');
  return createSqliteSwap(place);
}
