/** Drafts that are given up for good, so that their version is free again, and the bytes that they leave behind. */
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database, Query } from '../../storage/database.ts';
import {
  discardedKeptMs,
  forgetDiscarded,
  isReferenced,
  listDiscarded,
  noteDiscarded,
} from '../../storage/discarded-blobs.ts';
import type { Schema } from '../../storage/schema.ts';
import { recordReleaseAct } from '../lifecycle/release.ts';
import { deleteDraft, hasManifest, listArtifacts, type ReleaseRow } from '../lifecycle/store.ts';

/**
 * Whether the draft may be discarded: it was never in service, no manifest named it, and it holds this one file at most. What was published, or put before
 * maintainers to be signed, stays what it is.
 */
export async function isDiscardable(query: Query, release: ReleaseRow, artifactId: string | null): Promise<boolean> {
  if (release.state !== 'draft' || release.activated_at !== null || (await hasManifest(query, release.id)))
    return false;
  return (await listArtifacts(query, [release.id])).every(({ id }) => id === artifactId);
}

/** Deletes the draft with all that was said of it; its bytes are freed by the clock. */
export async function discardDraft(
  tx: Transaction<Schema>,
  release: ReleaseRow,
  { caller, slug, at }: { readonly caller: Caller; readonly slug: string; readonly at: number },
): Promise<void> {
  const blobs = await deleteDraft(tx, release.id);
  await noteDiscarded(tx, blobs, at);
  const name = { slug, version: release.version };
  await recordReleaseAct(tx, {
    caller,
    at,
    action: 'release.deleted',
    name,
    detail: { discarded_files: blobs.length },
  });
}

/** By the clock: removes the bytes that were noted a day ago, such as those of discarded drafts, where no row names them. Returns how many files went. */
export async function freeDiscarded({
  database,
  blobs,
  now,
}: {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly now: () => number;
}): Promise<number> {
  let freed = 0;
  const before = now() - discardedKeptMs;
  for (const sha256 of await listDiscarded(database.query, before)) {
    // In the transaction: whoever has the same bytes keeps them before, with a row or a note, or after, and finds them gone.
    await database.transaction(async (tx) => {
      if (!(await forgetDiscarded(tx, sha256, before)) || (await isReferenced(tx, sha256))) return;
      await blobs.remove(sha256);
      freed += 1;
    });
  }
  return freed;
}
