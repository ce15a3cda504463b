/** Client workflow, 5.4: which snapshot is the current one. */
import { TrustError } from '../errors.ts';
import { fetchRequiredMetadata } from './repository.ts';
import { type Root, rootSigners } from './root.ts';
import { type Timestamp, timestampFormat } from './timestamp.ts';
import { assertFresh, readKept, type Update, verifyFile } from './update.ts';

/** X of 5.4.1. */
const maxTimestampBytes = 16_384;

/** 5.4: the current timestamp, kept. Throws `metadata_replayed`, `metadata_expired`, and what verifying throws. */
export async function updateTimestamp(update: Update, root: Root): Promise<Timestamp> {
  const rules = {
    format: timestampFormat,
    signers: rootSigners(root, 'timestamp'),
    limitBytes: maxTimestampBytes,
  };
  const kept = await readKept(update, rules);
  // 5.4.1 and 5.4.2
  const bytes = await fetchRequiredMetadata(update.repository, { ...rules, name: 'timestamp', version: undefined });
  const fetched = await verifyFile(bytes, rules);
  // 5.4.3
  if (kept) assertNoRollback(fetched, kept.payload);
  const isNew = fetched.version !== kept?.payload.version;
  const timestamp = isNew ? fetched : kept.payload;
  // 5.4.4 and 5.4.5
  assertFresh(update, timestamp, 'timestamp');
  if (isNew) await update.store.write([{ name: 'timestamp', bytes }]);
  return timestamp;
}

function assertNoRollback(fetched: Timestamp, trusted: Timestamp): void {
  if (fetched.version < trusted.version) {
    const versions = `version ${trusted.version} of timestamp or higher, got ${fetched.version}`;
    throw new TrustError('metadata_replayed', `expected ${versions}`);
  }
  if (fetched.snapshot.version < trusted.snapshot.version) {
    const versions = `version ${trusted.snapshot.version} of snapshot or higher, got ${fetched.snapshot.version}`;
    throw new TrustError('metadata_replayed', `expected timestamp to name ${versions}`);
  }
}
