/** The keys that people named, ready to verify by. */
import type { Query } from '../../storage/database.ts';
import { type PublisherKey, parseKeyFile } from './key-file.ts';
import { listKeysOf } from './store.ts';

/** Finds the keys of a source by the organisation that watches it. */
export type FindPublisherKeys = (source: {
  readonly organisationId: string;
  readonly key: string;
}) => Promise<readonly PublisherKey[]>;

/** A key with what its owner signed of it costs milliseconds to read; so many stay read. */
const maxKept = 500;

/** Makes what finds them. A row never changes, so that what was read of it stays right. */
export function createFindPublisherKeys(query: Query): FindPublisherKeys {
  const kept = new Map<string, PublisherKey>();
  return async (source) => {
    const keys: PublisherKey[] = [];
    for (const { id, document } of await listKeysOf(query, source)) {
      const key = kept.get(id) ?? (await parseKeyFile(new Uint8Array(Buffer.from(document, 'base64'))));
      if (kept.size >= maxKept) kept.clear();
      kept.set(id, key);
      keys.push(key);
    }
    return keys;
  };
}
