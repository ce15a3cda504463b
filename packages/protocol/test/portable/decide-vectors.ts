/** Decides vectors with nothing but the package and what the Web has: runs in Node, in a bare context, in a browser. */
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { verifyFile } from '@signpost/protocol/client/download';
import { createRootSet } from '@signpost/protocol/client/state';
import { TrustError } from '@signpost/protocol/errors';
import { positionAfter, verifyChain } from '@signpost/protocol/frames/chain';
import { verifyChannelKey } from '@signpost/protocol/frames/channel-key';
import { parseFrame } from '@signpost/protocol/frames/frame';
import type { FrameKey } from '@signpost/protocol/frames/frame-key';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { openSessionKey } from '@signpost/protocol/frames/session-key';
import { type FrameRefusal, verifyFrame } from '@signpost/protocol/frames/verify-frame';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { encodeOlpc } from '@signpost/protocol/json/olpc';
import { parseOlpc, parseSignable } from '@signpost/protocol/json/parse';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { verifyCatalogue, verifyCatalogueEntry } from '@signpost/protocol/updates/verify-catalogue';
import { verifyCatalogueVersion, verifyCounter, verifySupported } from '@signpost/protocol/updates/verify-history';
import { findTrustedLog, verifyLogEvidence, verifyLogged } from '@signpost/protocol/updates/verify-log';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { CanonicalJsonVector } from '../../vectors/canonical-json.ts';
import type { CatalogueVector } from '../../vectors/catalogue.ts';
import type { FileVector } from '../../vectors/file.ts';
import type { FrameVector } from '../../vectors/frame.ts';
import type { LogEvidenceVector, LogVector } from '../../vectors/log.ts';
import type { ManifestVector } from '../../vectors/manifest.ts';
import type { TrustListVector } from '../../vectors/trust-list.ts';

/** The texts of the vector files. */
export interface VectorFiles {
  readonly canonicalJson: string;
  readonly olpc: string;
  readonly trustList: string;
  readonly manifest: string;
  readonly catalogue: string;
  readonly file: string;
  readonly frame: string;
  readonly log: string;
  readonly logEvidence: string;
}

/** How many vectors were decided, and the names of those decided otherwise than expected. */
export interface VectorOutcome {
  readonly decided: number;
  readonly disagreements: readonly string[];
}

/** Decides every vector. */
export async function decideVectors(files: VectorFiles): Promise<VectorOutcome> {
  const outcomes = [
    await decideAll(JSON.parse(files.canonicalJson) as CanonicalJsonVector[], decideCanonicalJson),
    await decideAll(JSON.parse(files.olpc) as CanonicalJsonVector[], decideOlpc),
    await decideAll(JSON.parse(files.trustList) as TrustListVector[], decideTrustList),
    await decideAll(JSON.parse(files.manifest) as ManifestVector[], decideManifest),
    await decideAll(JSON.parse(files.catalogue) as CatalogueVector[], decideCatalogue),
    await decideAll(JSON.parse(files.file) as FileVector[], decideFile),
    await decideAll(JSON.parse(files.frame) as FrameVector[], decideFrame),
    await decideAll(JSON.parse(files.log) as LogVector[], decideLog),
    await decideAll(JSON.parse(files.logEvidence) as LogEvidenceVector[], decideLogEvidence),
  ];
  return {
    decided: outcomes.reduce((sum, { decided }) => sum + decided, 0),
    disagreements: outcomes.flatMap(({ disagreements }) => disagreements),
  };
}

async function decideAll<T extends { name: string; expect: object }>(
  vectors: readonly T[],
  decide: (vector: T) => object | Promise<object>,
): Promise<VectorOutcome> {
  const disagreements: string[] = [];
  for (const vector of vectors) {
    const outcome = await Promise.resolve(vector).then(decide).catch(refusedBy);
    if (JSON.stringify(outcome) !== JSON.stringify(vector.expect)) {
      disagreements.push(`${vector.name}: expected ${JSON.stringify(vector.expect)}, got ${JSON.stringify(outcome)}`);
    }
  }
  return { decided: vectors.length, disagreements };
}

function refusedBy(error: unknown): object {
  if (error instanceof TrustError) return { refused: error.code };
  throw error;
}

function decideCanonicalJson({ text }: CanonicalJsonVector): object {
  return { canonical: encodeCanonicalText(parseSignable(encodeText(text), 10_000)) };
}

function decideOlpc({ text }: CanonicalJsonVector): object {
  return { canonical: parseText(encodeOlpc(parseOlpc(encodeText(text), 10_000))) };
}

async function decideTrustList({ roots, threshold, previous, now, envelope }: TrustListVector): Promise<object> {
  const context = { roots: await createRootSet(roots, threshold), previous: previous ?? undefined, now };
  const { version, digest } = await verifyTrustList(encodeText(envelope), context);
  return { accepted: { version, digest } };
}

async function decideManifest(vector: ManifestVector): Promise<object> {
  const { roots, threshold, project, channel, now, previous, installed_version, max_age_ms } = vector;
  const trust = await verifyTrustList(encodeText(vector.trust), { roots: await createRootSet(roots, threshold) });
  const context = { trust, project, channel, now, maxAgeMs: max_age_ms ?? undefined };
  const manifest = await verifyManifest(encodeText(vector.envelope), context);
  verifyCounter(manifest, previous ?? undefined);
  if (installed_version !== null) verifySupported(manifest, installed_version);
  return { accepted: { version: manifest.version, counter: manifest.counter, digest: manifest.digest } };
}

async function decideCatalogue(vector: CatalogueVector): Promise<object> {
  const { roots, threshold, collection, now, previous, base } = vector;
  const trust = await verifyTrustList(encodeText(vector.trust), { roots: await createRootSet(roots, threshold) });
  const catalogue = await verifyCatalogue(encodeText(vector.envelope), { trust, collection, now });
  verifyCatalogueVersion(catalogue, previous === null ? undefined : { collection, ...previous });
  for (const entry of catalogue.entries) await verifyCatalogueEntry(entry, { trust, collection, now, bases: [base] });
  return { accepted: { version: catalogue.version, digest: catalogue.digest } };
}

async function decideFile({ bytes_b64, size_bytes, sha256 }: FileVector): Promise<object> {
  await verifyFile(new Blob([parseBase64(bytes_b64)]).stream(), { sizeBytes: size_bytes, sha256 });
  return { accepted: true };
}

async function decideLog(vector: LogVector): Promise<object> {
  const { roots, threshold, project, channel, now, pinned, envelope } = vector;
  const trust = await verifyTrustList(encodeText(vector.trust), { roots: await createRootSet(roots, threshold) });
  const manifest = await verifyManifest(encodeText(envelope), { trust, project, channel, now });
  const log = findTrustedLog(trust, pinned ? await openLog(pinned) : undefined);
  if (!log) return { accepted: null };
  const { index, checkpoint } = await verifyLogged(manifest, log);
  return { accepted: { index, size: checkpoint.size, root_hash: encodeBase64(checkpoint.rootHash) } };
}

async function decideLogEvidence({ log, evidence }: LogEvidenceVector): Promise<object> {
  await verifyLogEvidence(evidence, await openLog(log));
  return { accepted: true };
}

async function openLog({ origin, pubkey_b64 }: LogEvidenceVector['log']): Promise<TrustedLog> {
  return { origin, key: await parsePublicKey(pubkey_b64) };
}

/** Channel keys that are refused are not known; a reason of the outcome is for people, and for other implementations. */
async function decideFrame(vector: FrameVector): Promise<object> {
  const { now, frames, seen } = vector;
  const keys = await openKeys(vector);
  const reasons: FrameRefusal[] = [];
  const window = new ReplayWindow();
  const context = {
    keys: { find: (kid: string) => keys.find((key) => key.kid === kid) },
    window,
    now,
    onRefused: (reason: FrameRefusal) => reasons.push(reason),
  };
  for (const text of seen) await verifyFrame(text, context);
  try {
    const head = await verifyFrame(frames.at(-1) ?? '', context);
    verifyChain(frames.slice(0, -1).map(parseFrame), head, undefined);
    const { sequence, hash } = positionAfter(head);
    return { accepted: { channel: head.payload.channel, sequence, hash, known: head.known !== undefined } };
  } catch (error) {
    return { ...refusedBy(error), reason: reasons[0] ?? 'chain_broken' };
  }
}

async function openKeys({ trust, roots, now, channel_keys, session_keys }: FrameVector): Promise<readonly FrameKey[]> {
  const list = await verifyTrustList(encodeText(trust), { roots: await createRootSet(roots, 1), now });
  const channelKeys = channel_keys.map((text) => verifyChannelKey(list, text, now).catch(() => undefined));
  const sessionKeys = session_keys.map(({ kid, secret_b64, channels, not_before, not_after }) =>
    openSessionKey({ kid, secret: parseBase64(secret_b64), channels, notBefore: not_before, notAfter: not_after }),
  );
  const keys = await Promise.all([...channelKeys, ...sessionKeys]);
  return keys.filter((key) => key !== undefined);
}
