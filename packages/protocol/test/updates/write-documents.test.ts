import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { type Manifest, parseManifest } from '@signpost/protocol/updates/manifest';
import { parseTrustList } from '@signpost/protocol/updates/trust-list';
import { createManifestDocument } from '@signpost/protocol/updates/write-manifest';
import { createTrustListDocument, type TrustListFields } from '@signpost/protocol/updates/write-trust-list';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';
import { aliceKey, bobKey, logKey, pushKey, rootA, rootB, serverKey, strangerKey } from '../documents.ts';

/** Records as object literals make them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const times = fc.date({ min: new Date('2000-01-01'), max: new Date('2999-01-01'), noInvalidDate: true }).map(Number);
const slugs = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,20}[a-z0-9]$/);
const lines = fc.string({ unit: codePoint, maxLength: 40 }).map((text) => text.replaceAll(/[\u2028\u2029]/g, ' '));
const hex64 = fc.stringMatching(/^[0-9a-f]{64}$/);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const trustLists: fc.Arbitrary<TrustListFields> = record({
  version: fc.integer({ min: 1 }),
  issuedAt: times,
  expiresAt: times,
  roots: optional(fc.constantFrom({ keys: [rootA], threshold: 1 }, { keys: [rootB, rootA], threshold: 2 })),
  validKeys: fc.uniqueArray(
    record({
      key: fc.constantFrom(serverKey, aliceKey, bobKey),
      label: lines,
      custody: fc.constantFrom('server' as const, 'maintainer' as const),
      scope: fc.array(
        fc.oneof(
          fc.constant('*' as const),
          slugs.map((slug) => `project:${slug}` as const),
        ),
      ),
      notBefore: optional(times),
      notAfter: optional(times),
    }),
    { selector: ({ key }) => key.keyId },
  ),
  pushKeys: fc.uniqueArray(
    record({
      key: fc.constantFrom(pushKey, strangerKey),
      label: lines,
      notBefore: optional(times),
      notAfter: optional(times),
    }),
    { selector: ({ key }) => key.keyId },
  ),
  log: optional(
    record({ origin: fc.constantFrom('updates.example/log', 'localhost:8080/log'), key: fc.constant(logKey) }),
  ),
  revokedKeys: fc.uniqueArray(
    record({
      keyId: fc.constantFrom(serverKey.keyId, strangerKey.keyId),
      pubkeyB64: optional(fc.constant(strangerKey.pubkeyB64)),
      reason: lines,
      revokedAt: times,
      effectiveFrom: optional(times),
    }),
    { selector: ({ keyId }) => keyId },
  ),
  projects: fc.uniqueArray(record({ project: slugs, approvals: fc.nat(5), counterEpoch: fc.nat(9) }), {
    selector: ({ project }) => project,
  }),
});

const locales = fc.constantFrom('en', 'de-AT', 'zh-Hant');
const localeMaps = optional(
  fc
    .uniqueArray(fc.tuple(locales, lines), { minLength: 1, selector: ([locale]) => locale })
    .map((entries) => Object.fromEntries(entries)),
);
const files = record({ sha256: hex64, sizeBytes: fc.nat(), url: fc.constantFrom('/a/1/x.zip', '/b/%20') });
const manifests: fc.Arbitrary<Manifest> = record({
  project: slugs,
  channel: fc.constantFrom('stable', 'beta'),
  version: fc.constantFrom('1.0.0', '2026.11', 'r1'),
  counter: fc.integer({ min: 1 }),
  counterEpoch: fc.nat(3),
  keyId: hex64,
  signedAt: times,
  expiresAt: optional(times),
  main: files,
  minVersion: optional(fc.constant('0.9.0')),
  scan: optional(
    record({
      status: fc.constantFrom('clean' as const, 'not_scanned' as const),
      engine: optional(lines),
      engineVersion: optional(lines),
      signatureDate: optional(times),
      scannedAt: optional(times),
    }),
  ),
  evidence: optional(
    record({
      verdict: optional(
        record({
          result: fc.constantFrom('passed' as const, 'waived' as const, 'denied' as const),
          mode: fc.constantFrom('enforce' as const, 'observe' as const),
          policySha256: hex64,
          overrides: fc.array(record({ rules: fc.constant(['signature']), reason: lines, expiresAt: times }), {
            maxLength: 2,
          }),
        }),
      ),
      documents: fc.array(
        record({
          artifact: fc.constant('x.zip'),
          kind: fc.constant('bundle'),
          sha256: hex64,
          url: fc.constant('/a/b'),
        }),
        { maxLength: 2 },
      ),
    }),
  ),
  name: localeMaps,
  description: localeMaps,
  changelog: localeMaps,
}).chain((fields) =>
  optional(hex64.map((half) => half + half)).map((sha512) => {
    const artifact = { ...fields.main, name: 'x.zip', platform: 'any', mediaType: 'application/zip', sha512 };
    return { ...fields, artifacts: sha512 === undefined ? [] : [artifact] };
  }),
);

test('a trust list that is written is read back with the same fields', async () => {
  await fc.assert(
    fc.asyncProperty(trustLists, async (fields) => {
      const list = await parseTrustList(transport(createTrustListDocument(fields)));
      const pick = ({ keyId, pubkeyB64 }: { keyId: string; pubkeyB64: string }) => ({ keyId, pubkeyB64 });
      const roots = list.roots && { ...list.roots, keys: list.roots.keys.map(pick) };
      const validKeys = list.validKeys.map((trusted) => ({ ...trusted, key: pick(trusted.key) }));
      const pushKeys = list.pushKeys.map((entry) => ({ ...entry, key: pick(entry.key) }));
      const log = list.log && { ...list.log, key: pick(list.log.key) };
      const expected = {
        ...fields,
        log: fields.log && { ...fields.log, key: pick(fields.log.key) },
        pushKeys: fields.pushKeys.map((entry) => ({ ...entry, key: pick(entry.key) })),
        roots: fields.roots && { ...fields.roots, keys: fields.roots.keys.map(pick) },
        validKeys: fields.validKeys.map((trusted) => ({ ...trusted, key: pick(trusted.key) })),
      };
      assert.deepEqual({ ...list, roots, validKeys, pushKeys, log }, expected);
      assert.deepEqual(transport(createTrustListDocument(list)), transport(createTrustListDocument(fields)));
    }),
    { numRuns: 60 },
  );
});

test('a manifest that is written is read back with the same fields', () => {
  fc.assert(
    fc.property(manifests, (fields) => {
      assert.deepEqual(parseManifest(transport(createManifestDocument(fields))), fields);
    }),
  );
});

test('an empty map of texts is left out, for it could not be signed', () => {
  const [fields] = fc.sample(manifests, { numRuns: 1, seed: 1 });
  assert.ok(fields);
  assert.equal(createManifestDocument({ ...fields, changelog: {} }).changelog, undefined);
});

/** The document as it arrives at the other end. */
function transport(document: SignableObject): SignableObject {
  return parseSignableText(encodeCanonicalText(document)) as SignableObject;
}
