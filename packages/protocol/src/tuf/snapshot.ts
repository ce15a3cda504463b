/** Snapshot metadata (TUF 1.0.34, 4.4): the current version of every targets file. */
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { type MetaFile, parseMeta } from './file-facts.ts';
import type { Format, Payload } from './signed-file.ts';

/** Snapshot metadata. */
export interface Snapshot extends Payload {
  /** By file name, such as `targets.json`. */
  readonly meta: ReadonlyMap<string, MetaFile>;
}

/** Reads snapshot metadata. */
export const snapshotFormat: Format<Snapshot> = { type: 'snapshot', parse: parseSnapshot };

function parseSnapshot(signed: SignableObject, common: Payload): Snapshot {
  const meta = parseMeta(signed);
  if (!meta.has('targets.json')) throw new TrustError('malformed', 'expected snapshot to name targets.json');
  return { ...common, meta };
}

/** What `snapshot` says of the targets role `name`. Throws `metadata_mismatch` when it says nothing. */
export function findMetaFile(snapshot: Snapshot, name: string): MetaFile {
  const entry = snapshot.meta.get(`${name}.json`);
  if (!entry) {
    throw new TrustError('metadata_mismatch', `expected snapshot to name the role ${JSON.stringify(name)}`);
  }
  return entry;
}
