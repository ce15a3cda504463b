/** Decides vectors with nothing but the package and what the Web has: runs in Node, in a bare context, in a browser. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { verifyFile } from '@signpost/protocol/client/download';
import { createRootSet } from '@signpost/protocol/client/state';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { encodeOlpc } from '@signpost/protocol/json/olpc';
import { parseOlpc, parseSignable } from '@signpost/protocol/json/parse';
import { verifyCounter, verifySupported } from '@signpost/protocol/updates/verify-history';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { CanonicalJsonVector } from '../../vectors/canonical-json.ts';
import type { FileVector } from '../../vectors/file.ts';
import type { ManifestVector } from '../../vectors/manifest.ts';
import type { TrustListVector } from '../../vectors/trust-list.ts';

/** The texts of the vector files. */
export interface VectorFiles {
  readonly canonicalJson: string;
  readonly olpc: string;
  readonly trustList: string;
  readonly manifest: string;
  readonly file: string;
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
    await decideAll(JSON.parse(files.file) as FileVector[], decideFile),
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

async function decideFile({ bytes_b64, size_bytes, sha256 }: FileVector): Promise<object> {
  await verifyFile(new Blob([parseBase64(bytes_b64)]).stream(), { sizeBytes: size_bytes, sha256 });
  return { accepted: true };
}
