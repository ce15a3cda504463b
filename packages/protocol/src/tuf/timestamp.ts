/** Timestamp metadata (TUF 1.0.34, 4.6): which snapshot is the current one. */
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { type MetaFile, parseMeta } from './file-facts.ts';
import type { Format, Payload } from './signed-file.ts';

/** Timestamp metadata. */
export interface Timestamp extends Payload {
  readonly snapshot: MetaFile;
}

/** Reads timestamp metadata. */
export const timestampFormat: Format<Timestamp> = { type: 'timestamp', parse: parseTimestamp };

function parseTimestamp(signed: SignableObject, common: Payload): Timestamp {
  const snapshot = parseMeta(signed).get('snapshot.json');
  if (!snapshot) throw new TrustError('malformed', 'expected timestamp to name snapshot.json');
  return { ...common, snapshot };
}
