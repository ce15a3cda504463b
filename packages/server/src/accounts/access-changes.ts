/** Word, within this process, that somebody may do less or more than before: for whoever holds connections open. */
import { afterCommit, ownerOf } from '../storage/database/transactions.ts';
import type { Database, Query } from '../storage/database.ts';

type Listener = () => void;

// One process has a database to itself, so who listens beside it hears of every change.
const listeners = new WeakMap<Query, Set<Listener>>();

/** Tells, at the very moment when `query` has committed, that a role, a session or a key changed. Called wherever one does. */
export function announceAccessChange(query: Query): void {
  afterCommit(query, () => {
    for (const listener of listeners.get(ownerOf(query)) ?? []) listener();
  });
}

/** Calls `listener`, which must not throw, for each change that is committed; returns the way to stop. */
export function onAccessChange({ query }: Database, listener: Listener): () => void {
  const known = listeners.get(query) ?? new Set<Listener>();
  listeners.set(query, known.add(listener));
  return () => known.delete(listener);
}
