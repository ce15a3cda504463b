/** Word, within this process, that certificates were revoked, put on hold or released: for whoever keeps what it said of them. */
import { afterCommit, ownerOf } from '../../storage/database/transactions.ts';
import type { Database, Query } from '../../storage/database.ts';

/** Certificates of one issuer whose status is another one now. */
export interface StatusChange {
  readonly organisationId: string;
  /** The authority that issued them. */
  readonly issuerId: string;
  /** As rows have them; without them any of that issuer's. */
  readonly serials?: readonly string[];
}

type Listener = (change: StatusChange) => void;

// One process has a database to itself, so who listens beside it hears of every change.
const listeners = new WeakMap<Query, Set<Listener>>();

/** Tells of a change at the very moment when `transaction` has committed. To be called wherever a status changes. */
export function announceStatusChange(transaction: Query, change: StatusChange): void {
  afterCommit(transaction, () => {
    for (const listener of listeners.get(ownerOf(transaction)) ?? []) listener(change);
  });
}

/** Calls `listener`, which must not throw, for each change that is committed; returns the way to stop. */
export function onStatusChange({ query }: Database, listener: Listener): () => void {
  const known = listeners.get(query) ?? new Set<Listener>();
  listeners.set(query, known.add(listener));
  return () => known.delete(listener);
}
