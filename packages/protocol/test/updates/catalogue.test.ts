/** Catalogues: written, read back, bent in every byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import {
  type CatalogueEntryFields,
  type CatalogueHead,
  maxCatalogueBytes,
  maxCatalogueModules,
  parseCatalogue,
  parseCatalogueEntry,
  trustLevels,
} from '@signpost/protocol/updates/catalogue';
import { type VerifiedCatalogue, verifyCatalogue } from '@signpost/protocol/updates/verify-catalogue';
import { type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import {
  encodeCatalogue,
  encodeCatalogueEntry,
  encodeSignedCatalogue,
} from '@signpost/protocol/updates/write-catalogue';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';
import {
  aliceKey,
  bobKey,
  catalogueDocument,
  createTrust,
  now,
  serverKey,
  signCatalogue,
  signManifest,
  trustedKeyEntry,
} from '../documents.ts';
import { refuses } from '../refuses.ts';

const lines = fc.string({ unit: codePoint, maxLength: 30 }).map((text) => text.replaceAll(/[\u2028\u2029]/g, ' '));
const texts = fc.dictionary(fc.constantFrom('en', 'de-AT', 'zh-Hant'), lines, { noNullPrototype: true });
const slugs = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,20}[a-z0-9]$/);
const fields: fc.Arbitrary<CatalogueEntryFields> = fc.record(
  {
    slug: slugs,
    name: texts,
    description: texts,
    category: texts,
    primaryLocale: fc.constantFrom('en', 'de-AT'),
    currentVersion: fc.constantFrom('1.0.0', 'r1'),
    downloadUrl: fc.constantFrom('/demo/1/x.zip', 'https://a.example/demo/1/x.zip'),
    sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    sizeBytes: fc.nat(),
    imageUrl: fc.option(fc.constant('/demo/icon'), { nil: undefined }),
    requiresPermissions: fc.array(fc.constantFrom('files.read', 'net:*', 'a/b'), { maxLength: 3 }),
    infoUrl: fc.option(fc.constant('https://a.example/?q=1#x'), { nil: undefined }),
    trustLevel: fc.constantFrom(...trustLevels),
    author: fc.option(
      fc.record(
        {
          counter: fc.integer({ min: 1 }),
          pubkeyB64: fc.constant(`${'A'.repeat(43)}=`),
          sig: fc.constant(`${'B'.repeat(86)}==`),
        },
        { noNullPrototype: true },
      ),
      { nil: undefined },
    ),
  },
  { noNullPrototype: true },
);
const heads: fc.Arbitrary<CatalogueHead> = fc.record(
  {
    collection: fc.record(
      { slug: slugs, name: texts, description: texts, primaryLocale: fc.constant('en') },
      { noNullPrototype: true },
    ),
    version: fc.integer({ min: 1 }),
    counterEpoch: fc.nat(2),
    keyId: fc.constant(serverKey.keyId),
    issuedAt: fc.integer({ min: 0, max: 4e12 }),
    expiresAt: fc.integer({ min: 0, max: 4e12 }),
  },
  { noNullPrototype: true },
);

async function verifyEnvelope(envelope: string, trust = {}): Promise<VerifiedManifest> {
  return verifyManifest(encodeText(envelope), {
    trust: await createTrust(trust),
    project: 'demo',
    channel: 'stable',
    now,
  });
}

/** An empty map leaves as one with an empty text, since maps that are signed are not empty. */
function filled(map: Readonly<Record<string, string>>, locale: string): Readonly<Record<string, string>> {
  return Object.keys(map).length === 0 ? { [locale]: '' } : map;
}

test('an entry is read as it was written, with the manifest in it', async () => {
  const manifest = await verifyEnvelope(await signManifest());
  fc.assert(
    fc.property(fields, (given) => {
      const text = encodeCatalogueEntry(given, manifest);
      const { manifest: envelope, ...read } = parseCatalogueEntry(parseSignableText(text));
      const { primaryLocale } = given;
      const maps = { name: given.name, description: given.description, category: given.category };
      const written = Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, filled(map, primaryLocale)]));
      assert.deepEqual(read, { ...given, ...written });
      assert.equal(envelope?.document.project, 'demo');
    }),
    { numRuns: 50 },
  );
});

test('a catalogue that is put together from prepared texts is canonical, and is what is signed plus the signatures', async () => {
  const manifest = await verifyEnvelope(await signManifest());
  fc.assert(
    fc.property(heads, fc.uniqueArray(fields, { maxLength: 4, selector: ({ slug }) => slug }), (head, modules) => {
      const entries = modules.map((entry) => encodeCatalogueEntry(entry, manifest));
      const text = encodeCatalogue(head, entries);
      const document = parseSignableText(text);
      assert.equal(encodeCanonicalText(document), text);
      const sig = `${'A'.repeat(86)}==`;
      const served = encodeSignedCatalogue(head, entries, [{ key_id: head.keyId, sig }]);
      const { signature, signatures, ...rest } = parseSignableText(served) as Readonly<Record<string, string>>;
      assert.equal(encodeCanonicalText(parseSignableText(served)), served);
      assert.equal(encodeCanonicalText(rest), text);
      assert.deepEqual(
        [signature, encodeCanonicalText(signatures ?? '')],
        [sig, `[{"key_id":"${head.keyId}","sig":"${sig}"}]`],
      );
      const { entries: parsed, ...parsedHead } = parseCatalogue(document as never);
      assert.equal(parsed.length, entries.length);
      assert.equal(parsedHead.version, head.version);
      assert.equal(parsedHead.expiresAt, head.expiresAt);
    }),
    { numRuns: 50 },
  );
});

test('a release under approval keeps all its signatures in the entry', async () => {
  const maintainer = { custody: 'maintainer', scope: ['project:demo'] };
  const trust = {
    valid_keys: [trustedKeyEntry(aliceKey, maintainer), trustedKeyEntry(bobKey, maintainer)],
    projects: [{ project: 'demo', approvals: 2, counter_epoch: 0 }],
  };
  const signed = await signManifest({ key_id: aliceKey.keyId }, [aliceKey, bobKey]);
  const manifest = await verifyEnvelope(signed, trust);
  const [sample] = fc.sample(fields, 1);
  assert.ok(sample);
  const { manifest: envelope } = parseCatalogueEntry(parseSignableText(encodeCatalogueEntry(sample, manifest)));
  assert.equal(envelope?.text, signed);
});

test('nobody changes a byte of a catalogue unseen', async () => {
  const text = await signCatalogue();
  const trust = await createTrust();
  const decide = (bytes: Uint8Array): Promise<VerifiedCatalogue> =>
    verifyCatalogue(bytes, { trust, collection: 'addons', now });
  const honest = await decide(encodeText(text));
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (place, add) => {
      const at = place % text.length;
      const changed = encodeText(text).map((byte, index) => (index === at ? byte + add : byte));
      const outcome = await decide(changed).then(
        ({ digest }) => digest,
        (error: unknown) => assert.ok(error instanceof TrustError, String(error)),
      );
      assert.ok(outcome === undefined || outcome === honest.digest);
    }),
    { numRuns: 200 },
  );
});

test('a manifest is no catalogue, a catalogue no manifest, and neither bears the signature of the other', async () => {
  const trust = await createTrust();
  const document = await catalogueDocument();
  const sig = encodeBase64(await serverKey.sign(encodeText(encodeCanonicalText(document))));
  const signatures = [{ key_id: serverKey.keyId, sig }];
  const asManifest = encodeCanonicalText({ manifest: document, signature: sig, signatures });
  const context = { trust, project: 'demo', channel: 'stable', now };
  await assert.rejects(verifyManifest(encodeText(asManifest), context), refuses('malformed'));
  const bare = parseSignableText(await signManifest()) as Record<string, Record<string, string>>;
  const asCatalogue = encodeCanonicalText({
    ...bare.manifest,
    signature: bare.signature,
    signatures: bare.signatures,
  } as never);
  await assert.rejects(
    verifyCatalogue(encodeText(asCatalogue), { trust, collection: 'addons', now }),
    refuses('malformed'),
  );
});

test('catalogues have bounds', async () => {
  const trust = await createTrust();
  const context = { trust, collection: 'addons', now };
  await assert.rejects(verifyCatalogue(new Uint8Array(maxCatalogueBytes + 1), context), refuses('too_large'));
  const modules = Array.from({ length: maxCatalogueModules + 1 }, () => 1);
  await assert.rejects(verifyCatalogue(encodeText(await signCatalogue({ modules })), context), refuses('too_large'));
});

test('a catalogue is not put together without the signature of the key that it names', () => {
  const [head] = fc.sample(heads, 1);
  assert.ok(head);
  assert.throws(() => encodeSignedCatalogue(head, [], [{ key_id: 'ab'.repeat(32), sig: 'x' }]), TypeError);
});
