/** Occasions: while somebody has a root open by its passphrase, others may have it sign what it must say from time to time. */
import type { Actor } from '../../audit/audit.ts';
import type { Database } from '../../storage/database.ts';
import type { Issuer } from './issuer.ts';

type Listener = (root: Issuer, actor: Actor) => Promise<void>;

// Each is handed the open root; who they are is known where the server is put together.
const listeners = new WeakMap<Database, Set<Listener>>();

/** Calls `listener`, which must not throw, whenever a root of this database is open; returns the way to stop. */
export function onRootOpened(database: Database, listener: Listener): () => void {
  const known = listeners.get(database) ?? new Set<Listener>();
  listeners.set(database, known.add(listener));
  return () => known.delete(listener);
}

/** Lets all who wait for it use an open root. To be called after what it was opened for. */
export async function announceRootOpened(database: Database, root: Issuer, actor: Actor): Promise<void> {
  for (const listener of listeners.get(database) ?? []) await listener(root, actor);
}
