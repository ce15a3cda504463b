/** Client workflow, 5.5: the versions of all targets files. */
import { TrustError } from '../errors.ts';
import { verifyBytes } from './file-facts.ts';
import { fetchRequiredMetadata } from './repository.ts';
import { type Root, rootSigners } from './root.ts';
import { type Snapshot, snapshotFormat } from './snapshot.ts';
import type { Timestamp } from './timestamp.ts';
import { assertFresh, readKept, selectVersion, type Update, verifyFile } from './update.ts';

/** Y of 5.5.1, for a timestamp that names no length, or a larger one. */
const maxSnapshotBytes = 2_000_000;

/** 5.5: the current snapshot, kept. Throws `metadata_replayed`, `metadata_expired`, and what verifying throws. */
export async function updateSnapshot(update: Update, root: Root, { snapshot: facts }: Timestamp): Promise<Snapshot> {
  const rules = { format: snapshotFormat, signers: rootSigners(root, 'snapshot'), limitBytes: maxSnapshotBytes };
  const kept = await readKept(update, rules);
  if (kept?.payload.version === facts.version && kept.payload.expires > update.startedAt) return kept.payload;
  // 5.5.1
  const bytes = await fetchRequiredMetadata(update.repository, {
    name: 'snapshot',
    version: selectVersion(root, facts.version),
    limitBytes: Math.min(facts.length ?? maxSnapshotBytes, maxSnapshotBytes),
  });
  // 5.5.2 and 5.5.3
  await verifyBytes(bytes, facts, 'snapshot');
  const snapshot = await verifyFile(bytes, rules);
  // 5.5.4
  if (snapshot.version !== facts.version) {
    throw new TrustError('metadata_mismatch', `expected version ${facts.version} of snapshot, got ${snapshot.version}`);
  }
  // 5.5.5 to 5.5.7
  if (kept) assertNoRollback(snapshot, kept.payload);
  assertFresh(update, snapshot, 'snapshot');
  await update.store.write([{ name: 'snapshot', bytes }]);
  return snapshot;
}

function assertNoRollback(snapshot: Snapshot, trusted: Snapshot): void {
  for (const [file, { version }] of trusted.meta) {
    const found = snapshot.meta.get(file)?.version;
    if (found !== undefined && found >= version) continue;
    const got = found === undefined ? 'none' : String(found);
    throw new TrustError(
      'metadata_replayed',
      `expected snapshot to name version ${version} of ${JSON.stringify(file)} or higher, got ${got}`,
    );
  }
}
