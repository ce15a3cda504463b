/** Holds a manifest against the transparency log, and the log against what was seen of it (docs/protocol/client.md, steps 14 and 15). */
import { TrustError } from '../errors.ts';
import { createNoteVerifier, parseNoteKey } from '../tlog/note-key.ts';
import { logOriginPattern, type TrustedLog } from '../updates/trust-list.ts';
import {
  findTrustedLog,
  type VerifiedCheckpoint,
  type VerifiedLogPosition,
  verifyLogged,
  verifyOneHistory,
} from '../updates/verify-log.ts';
import type { VerifiedManifest } from '../updates/verify-manifest.ts';
import type { VerifiedTrustList } from '../updates/verify-trust-list.ts';
import { createTileSource, fetchCheckpoint } from './log-tiles.ts';
import type { ClientContext } from './refresh-trust.ts';
import { listCheckpoints } from './state.ts';
import type { Transport } from './transport.ts';

/**
 * Where `manifest` is in the log that `trust` names, or that the application pinned; `undefined` when nobody names one. Throws
 * `log_proof_missing`, `log_proof_invalid`, `log_inconsistent`, `key_revoked`, and the codes of `verifyCheckpoint` and of fetching.
 */
export async function checkLog(
  client: ClientContext,
  manifest: VerifiedManifest,
  trust: VerifiedTrustList,
): Promise<VerifiedLogPosition | undefined> {
  const log = findTrustedLog(trust, client.pinnedLog);
  if (!log) return undefined;
  const position = await verifyLogged(manifest, log);
  const { index, checkpoint } = position;
  client.onStep({ name: 'log_proof', detail: `entry ${index} of ${checkpoint.size} in ${log.origin}` });
  await checkHistory(client, checkpoint, log);
  return position;
}

async function checkHistory(client: ClientContext, shown: VerifiedCheckpoint, log: TrustedLog): Promise<void> {
  const known = listCheckpoints(client.memory.state.checkpoints, log);
  // One of the same size needs no tiles.
  const seen = known.find(({ size }) => size === shown.size) ?? known[0];
  if (seen) await checkSameLog(client.transport, seen, shown);
  client.onStep({
    name: 'log_history',
    detail: seen ? `one with the ${seen.size} entries seen before` : `${shown.size} entries, the first ones seen`,
  });
}

/**
 * Throws unless two checkpoints are of one history, as the tiles of the log show: `log_inconsistent` with both as evidence, `log_proof_invalid`,
 * and the codes of fetching. Nothing is fetched for trees of one size.
 */
export async function checkSameLog(
  transport: Transport,
  seen: VerifiedCheckpoint,
  shown: VerifiedCheckpoint,
): Promise<void> {
  await verifyOneHistory({ seen, shown, source: await openTiles(transport, seen, shown) });
}

/** Whoever serves a smaller log than was seen takes back what it said, or lags behind. */
async function openTiles(transport: Transport, seen: VerifiedCheckpoint, shown: VerifiedCheckpoint) {
  if (seen.size === shown.size) return createTileSource(transport, seen, seen.size);
  const served = await fetchCheckpoint(transport, seen);
  const size = Math.max(served.size, shown.size);
  if (size < seen.size) {
    throw new TrustError('log_proof_invalid', `expected a log of at least ${seen.size} entries, got ${size}`);
  }
  return createTileSource(transport, seen, size);
}

/** The log of a verifier key. Throws `malformed`, and a TypeError for a key that does not sign checkpoints. */
export async function parsePinnedLog(verifierKey: string): Promise<TrustedLog> {
  const noteKey = await parseNoteKey(verifierKey);
  createNoteVerifier(noteKey);
  // What the state could not hold would be read back as damage.
  if (!logOriginPattern.test(noteKey.name)) throw new TrustError('malformed', 'expected a log with an ASCII name');
  return { origin: noteKey.name, key: noteKey.key };
}
