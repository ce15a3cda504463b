/** Client workflow, 5.2 and 5.3: from the root that is trusted to the current one, version by version. */
import { TrustError } from '../errors.ts';
import type { MetadataChange, MetadataStore } from './metadata-store.ts';
import { fetchMetadataFile } from './repository.ts';
import { maxRootBytes, type Root, verifyNextRoot, verifyPinnedRoot } from './root.ts';
import type { MetadataType } from './signed-file.ts';
import { assertFresh, type Update } from './update.ts';

/** Y of 5.3.3: how many versions one update may go on. */
const maxRootRotations = 256;

/**
 * 5.2: the root kept last, or the pinned one if that is newer. Throws `state_invalid` when the kept one cannot be read: a damaged root
 * is not the same as none.
 */
export async function loadTrustedRoot(store: MetadataStore, pinnedBytes: Uint8Array<ArrayBuffer>): Promise<Root> {
  const pinned = await verifyPinnedRoot(pinnedBytes);
  const kept = await store.read('root');
  const root = kept && (await verifyKeptRoot(kept));
  if (root && root.version >= pinned.version) return root;
  await store.write([{ name: 'root', bytes: pinnedBytes }]);
  return pinned;
}

async function verifyKeptRoot(bytes: Uint8Array<ArrayBuffer>): Promise<Root> {
  try {
    return await verifyPinnedRoot(bytes);
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('state_invalid', `expected the root that was kept: ${cause.message}`, { cause });
  }
}

/** 5.3: the current root, kept. Throws `metadata_expired`, and what verifying a root throws. */
export async function updateRoot(update: Update, trusted: Root): Promise<Root> {
  let root = trusted;
  for (let rotations = 0; rotations < maxRootRotations; rotations++) {
    // 5.3.3
    const bytes = await fetchMetadataFile(update.repository, {
      name: 'root',
      version: root.version + 1,
      limitBytes: maxRootBytes,
    });
    if (!bytes) break;
    // 5.3.4 to 5.3.7
    const next = await verifyNextRoot(bytes, root);
    // 5.3.8, and 5.3.11 with it: a crash must not leave the new root with what its predecessors' thieves have signed.
    await update.store.write([{ name: 'root', bytes }, ...forgetRotated(root, next)]);
    root = next;
  }
  // 5.3.10
  assertFresh(update, root, 'root');
  return root;
}

/**
 * 5.3.11: whoever stole a key may have raised versions without bound, so what its role signed is forgotten. A stolen snapshot key
 * may have made the timestamp point to a high version; a stolen timestamp key cannot sign a snapshot.
 */
function forgetRotated(root: Root, next: Root): readonly MetadataChange[] {
  const names = isRotated(root, next, 'snapshot') ? ['timestamp', 'snapshot'] : ['timestamp'];
  if (names.length === 1 && !isRotated(root, next, 'timestamp')) return [];
  return names.map((name) => ({ name, bytes: undefined }));
}

function isRotated(root: Root, next: Root, type: MetadataType): boolean {
  const remaining = new Set(next.roles[type].keyIds);
  return root.roles[type].keyIds.some((keyId) => !remaining.has(keyId));
}
