/** What this browser saw last of a transparency log: of each log by itself, so that none takes the place of another. */
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { session } from '../../app/session.svelte.ts';
import type { CheckpointStore } from './check-entry.ts';

/** A browser that keeps nothing is one that sees every log for the first time. */
export function openCheckpointStore({ origin, key: { keyId } }: TrustedLog): CheckpointStore {
  const key = `signpost log ${session()?.organisation ?? ''} ${keyId} ${origin}`;
  return {
    read: () => attempt(() => localStorage.getItem(key) ?? undefined),
    write: (note) => attempt(() => localStorage.setItem(key, note)),
  };
}

function attempt<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
