/** The vector files hold for this implementation, and are what the generator writes. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { verifyFile } from '@signpost/protocol/client/download';
import { createRootSet } from '@signpost/protocol/client/state';
import { TrustError, trustErrorCodes } from '@signpost/protocol/errors';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { parseSignable } from '@signpost/protocol/json/parse';
import { verifyCounter, verifySupported } from '@signpost/protocol/updates/verify-history';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { canonicalJsonVectors } from '../vectors/canonical-json.ts';
import { fileVectors } from '../vectors/file.ts';
import { createVectorFiles } from '../vectors/generate.ts';
import { manifestVectors } from '../vectors/manifest.ts';
import { trustListVectors } from '../vectors/trust-list.ts';

/** What only a client with a server meets; everything else stands in a vector. */
const clientCodes = ['trust_missing', 'fetch_failed', 'state_invalid'];

async function outcomeOf<T>(decide: () => Promise<T> | T): Promise<T | { refused: string }> {
  try {
    return await decide();
  } catch (error) {
    if (error instanceof TrustError) return { refused: error.code };
    throw error;
  }
}

test('the committed vector files are what the generator writes', async () => {
  for (const [name, text] of await createVectorFiles()) {
    assert.equal(await readFile(new URL(`../vectors/${name}`, import.meta.url), 'utf8'), text, name);
  }
});

test('canonical JSON vectors hold', async () => {
  for (const { name, text, expect } of canonicalJsonVectors) {
    const outcome = await outcomeOf(() => ({
      canonical: encodeCanonicalText(parseSignable(encodeText(text), 10_000)),
    }));
    assert.deepEqual(outcome, expect, name);
  }
});

test('trust list vectors hold', async () => {
  for (const { name, now, roots, threshold, previous, envelope, expect } of await trustListVectors()) {
    const outcome = await outcomeOf(async () => {
      const context = { roots: await createRootSet(roots, threshold), previous: previous ?? undefined, now };
      const { version, digest } = await verifyTrustList(encodeText(envelope), context);
      return { accepted: { version, digest } };
    });
    assert.deepEqual(outcome, expect, name);
  }
});

test('manifest vectors hold', async () => {
  for (const vector of await manifestVectors()) {
    const { name, project, channel, previous, installed_version, max_age_ms, envelope, expect } = vector;
    const outcome = await outcomeOf(async () => {
      const roots = await createRootSet(vector.roots, vector.threshold);
      const trust = await verifyTrustList(encodeText(vector.trust), { roots });
      const context = { trust, project, channel, now: vector.now, maxAgeMs: max_age_ms ?? undefined };
      const manifest = await verifyManifest(encodeText(envelope), context);
      verifyCounter(manifest, previous ?? undefined);
      if (installed_version !== null) verifySupported(manifest, installed_version);
      return { accepted: { version: manifest.version, counter: manifest.counter, digest: manifest.digest } };
    });
    assert.deepEqual(outcome, expect, name);
  }
});

test('file vectors hold', async () => {
  for (const { name, bytes_b64, size_bytes, sha256, expect } of fileVectors) {
    const outcome = await outcomeOf(async () => {
      const source = new Blob([parseBase64(bytes_b64)]).stream();
      await verifyFile(source, { sizeBytes: size_bytes, sha256 });
      return { accepted: true };
    });
    assert.deepEqual(outcome, expect, name);
  }
});

test('every code that a document can be refused with stands in a vector, and no name twice', async () => {
  const all = [...canonicalJsonVectors, ...(await trustListVectors()), ...(await manifestVectors()), ...fileVectors];
  const refused = new Set(all.flatMap(({ expect }) => ('refused' in expect ? [expect.refused] : [])));
  assert.deepEqual([...refused, ...clientCodes].sort(), [...trustErrorCodes].sort());
  for (const file of [canonicalJsonVectors, await trustListVectors(), await manifestVectors(), fileVectors]) {
    assert.equal(new Set(file.map(({ name }) => name)).size, file.length);
  }
});
