/** Brings the trust list up to date (docs/protocol/client.md, steps 2 to 7). */
import { TrustError } from '../errors.ts';
import { encodeCanonical } from '../json/canonical.ts';
import { parseArray, parseObject } from '../json/fields.ts';
import { parseSignable } from '../json/parse.ts';
import { encodeTime } from '../json/time.ts';
import { maxRootChainBytes, maxRootChanges, maxTrustListBytes, type TrustedLog } from '../updates/trust-list.ts';
import { type VerifiedTrustList, verifyNotExpired, verifyTrustList } from '../updates/verify-trust-list.ts';
import type { Memory } from './memory.ts';
import { isSameRootSet } from './state.ts';
import type { StepListener } from './steps.ts';
import { fetchMetadata, type Transport } from './transport.ts';

/** What one call of the client works with. */
export interface ClientContext {
  readonly memory: Memory;
  readonly transport: Transport;
  /** Unix milliseconds. */
  readonly now: number;
  readonly onStep: StepListener;
  /** The log that the application pinned: asked for while the trust list names none. */
  readonly pinnedLog: TrustedLog | undefined;
}

/**
 * Fetches the trust list, verifies it under the roots in force, and stores it. Throws `trust_missing`, `fetch_failed` and
 * the codes of `verifyTrustList`.
 */
export async function refreshTrust(client: ClientContext): Promise<VerifiedTrustList> {
  const { memory, now, onStep } = client;
  const bytes = await fetchTrustList(client);
  const list = await verifyLatest(client, bytes);
  verifyNotExpired(list, now);
  onStep({ name: 'trust_expiry', detail: `in force until ${encodeTime(list.expiresAt)}` });
  await memory.record({ trust: list, roots: list.rootsInForce });
  onStep({ name: 'trust_stored', detail: `version ${list.version} is the lowest accepted from now on` });
  return list;
}

async function fetchTrustList({ transport, onStep }: ClientContext): Promise<Uint8Array> {
  const bytes = await fetchMetadata(transport, '/api/signing/trust', maxTrustListBytes);
  if (!bytes) throw new TrustError('trust_missing', 'expected a trust list, the server has none');
  onStep({ name: 'trust_fetched', detail: `${bytes.length} bytes` });
  return bytes;
}

/** A list that the roots in force did not sign may be signed by later ones: then the way to these is walked first. */
async function verifyLatest(client: ClientContext, bytes: Uint8Array): Promise<VerifiedTrustList> {
  const list = await verifyUnderRootsInForce(client, bytes).catch(async (error: unknown) => {
    if (!(error instanceof TrustError) || error.code !== 'bad_signature') throw error;
    await followRootChanges(client);
    return verifyUnderRootsInForce(client, bytes);
  });
  const { roots, trust } = client.memory.state;
  client.onStep({
    name: 'trust_signatures',
    detail: `${roots.threshold} of ${roots.keys.length} roots in force signed`,
  });
  client.onStep({
    name: 'trust_version',
    detail: trust ? `${list.version}, seen before: ${trust.version}` : `${list.version}, the first one seen`,
  });
  return list;
}

function verifyUnderRootsInForce({ memory }: ClientContext, bytes: Uint8Array): Promise<VerifiedTrustList> {
  return verifyTrustList(bytes, { roots: memory.state.roots, previous: memory.state.trust });
}

async function followRootChanges(client: ClientContext): Promise<void> {
  const bytes = await fetchMetadata(client.transport, '/api/signing/roots', maxRootChainBytes);
  if (!bytes) return;
  const links = parseArray(parseObject(parseSignable(bytes, maxRootChainBytes), 'the root changes'), 'roots');
  if (links.length > maxRootChanges) {
    throw new TrustError('too_large', `expected at most ${maxRootChanges} root changes, got ${links.length}`);
  }
  for (const link of links) await followRootChange(client, encodeCanonical(link));
}

/**
 * Takes one step if the roots in force signed it; passes over changes from before our time. Each step is stored at once:
 * roots that were replaced are never asked again, even when the latest list turns out to be refused.
 */
async function followRootChange(client: ClientContext, bytes: Uint8Array): Promise<void> {
  const { memory, onStep } = client;
  const list = await verifyUnderRootsInForce(client, bytes).catch(passOver);
  if (!list?.roots || list.digest === memory.state.trust?.digest) return;
  const isChange = !isSameRootSet(memory.state.roots, list.roots);
  await memory.record({ trust: list, roots: list.rootsInForce });
  if (isChange)
    onStep({ name: 'roots_changed', detail: `by trust list ${list.version}, to ${list.roots.keys.length} roots` });
}

function passOver(error: unknown): undefined {
  if (error instanceof TrustError && (error.code === 'bad_signature' || error.code === 'trust_replayed')) return;
  throw error;
}
