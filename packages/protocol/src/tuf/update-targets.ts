/** Client workflow, 5.6.1 to 5.6.6: the targets metadata of one role, top-level or delegated. */
import { TrustError } from '../errors.ts';
import { verifyBytes } from './file-facts.ts';
import { fetchRequiredMetadata } from './repository.ts';
import type { Signers } from './role.ts';
import type { Root } from './root.ts';
import { findMetaFile, type Snapshot } from './snapshot.ts';
import { type Targets, targetsFormat } from './targets.ts';
import { assertFresh, readKept, selectVersion, type Update, verifyFile } from './update.ts';

/** Z of 5.6.1, for a snapshot that names no length, or a larger one. */
const maxTargetsBytes = 5_000_000;

/** What the targets roles are held against. */
export interface CurrentSnapshot {
  readonly root: Root;
  readonly snapshot: Snapshot;
}

/**
 * The current metadata of the role that `signers` name, kept. Throws `metadata_mismatch`, `metadata_expired`, and what verifying
 * throws. A kept file is verified under the keys of whoever delegates now, and fetched again if it does not stand that.
 */
export async function updateTargets(
  update: Update,
  { root, snapshot }: CurrentSnapshot,
  signers: Signers,
): Promise<Targets> {
  const { name } = signers;
  const facts = findMetaFile(snapshot, name);
  const rules = { format: targetsFormat, signers, limitBytes: maxTargetsBytes };
  const kept = await readKept(update, rules);
  if (kept?.payload.version === facts.version && kept.payload.expires > update.startedAt) return kept.payload;
  // 5.6.1
  const bytes = await fetchRequiredMetadata(update.repository, {
    name,
    version: selectVersion(root, facts.version),
    limitBytes: Math.min(facts.length ?? maxTargetsBytes, maxTargetsBytes),
  });
  // 5.6.2 and 5.6.3
  await verifyBytes(bytes, facts, `metadata of ${JSON.stringify(name)}`);
  const targets = await verifyFile(bytes, rules);
  // 5.6.4
  if (targets.version !== facts.version) {
    const versions = `version ${facts.version} of ${JSON.stringify(name)}, got ${targets.version}`;
    throw new TrustError('metadata_mismatch', `expected ${versions}`);
  }
  // 5.6.5 and 5.6.6
  assertFresh(update, targets, JSON.stringify(name));
  await update.store.write([{ name, bytes }]);
  return targets;
}
