/** CycloneDX, SPDX 2.3 and SPDX 3.0 into one model; each refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { inspectSbom } from '@signpost/protocol/sbom/inspect';
import { parseSbom } from '@signpost/protocol/sbom/parse-sbom';
import fc from 'fast-check';
import { artifactSha256, cycloneDx, type Draft, encodeDraft, now, spdx2, spdx3 } from './documents.ts';

const digest = { algorithm: 'sha256', value: artifactSha256 };

test('CycloneDX is read with what it contains, needs and says about its making', () => {
  const sbom = parseSbom(encodeDraft(cycloneDx));
  assert.deepEqual(sbom.format, { standard: 'CycloneDX', version: '1.6', encoding: 'json' });
  assert.deepEqual([sbom.authors, sbom.tools, sbom.described], [['Ada'], ['maker 1.2'], ['app']]);
  assert.deepEqual(
    sbom.components.map(({ ref, name, version, supplier, licences }) => [ref, name, version, supplier, licences]),
    [
      ['app', 'demo', '2.0.0', 'Demo Ltd', []],
      ['core', '@angular/core', '17.0.0', 'Google', ['MIT']],
      ['/components/0/components/0', 'inner', '1', 'Eve', []],
      ['tslib', 'tslib', '2.6.0', 'Microsoft', ['0BSD OR MIT']],
    ],
  );
  assert.deepEqual(sbom.components[0]?.digests, [digest]);
  assert.deepEqual(sbom.relationships[0], { from: 'core', kind: 'contains', to: '/components/0/components/0' });
  assert.equal(sbom.relationships.filter(({ kind }) => kind === 'depends-on').length, 4);
});

test('tools as a list, as CycloneDX had them up to 1.4, are read', () => {
  const bytes = encodeDraft(cycloneDx, (draft) => {
    draft.specVersion = '1.4';
    draft.metadata.tools = [{ vendor: 'x', name: 'old', version: '1' }];
  });
  assert.deepEqual(parseSbom(bytes).tools, ['old 1']);
});

test('SPDX 2.3 and 3.0 say the same as each other', () => {
  const [two, three] = [parseSbom(encodeDraft(spdx2)), parseSbom(encodeDraft(spdx3))];
  assert.deepEqual([two.format.version, three.format.version], ['2.3', '3.0.1']);
  assert.deepEqual([two.authors, three.authors], [['Demo Ltd'], ['Ada']]);
  assert.deepEqual([two.tools, three.tools], [['maker-1.2'], ['maker']]);
  for (const sbom of [two, three]) {
    const [app, tslib] = sbom.components;
    assert.deepEqual(sbom.described, [app?.ref]);
    assert.deepEqual(
      [app?.kind, app?.version, app?.purl, app?.digests],
      ['application', '2.0.0', 'pkg:generic/demo@2.0.0', [digest]],
    );
    assert.deepEqual([tslib?.name, tslib?.purl, tslib?.licences], ['tslib', 'pkg:npm/tslib@2.6.0', ['0BSD']]);
    const needs = sbom.relationships.filter(({ kind }) => kind === 'depends-on');
    assert.deepEqual(needs, [
      { from: app?.ref, kind: 'depends-on', to: tslib?.ref },
      { from: tslib?.ref, kind: 'depends-on', to: undefined },
    ]);
  }
  assert.equal(two.components[1]?.supplier, 'Eve');
  assert.deepEqual(three.components[0]?.licences, ['MIT']);
});

for (const [why, code, bytes] of [
  ['another format', 'format_unsupported', encodeText('{"a":1}')],
  [
    'CycloneDX 1.1',
    'format_unsupported',
    encodeDraft(cycloneDx, (draft) => void Object.assign(draft, { specVersion: '1.1' })),
  ],
  [
    'SPDX 2.2',
    'format_unsupported',
    encodeDraft(spdx2, (draft) => void Object.assign(draft, { spdxVersion: 'SPDX-2.2' })),
  ],
  [
    'another JSON-LD context',
    'format_unsupported',
    encodeDraft(spdx3, (draft) => void Object.assign(draft, { '@context': 'https://example.com' })),
  ],
  ['no object', 'malformed', encodeText('[]')],
  ['a key twice', 'malformed', encodeText('{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}')],
  ['a component without name', 'malformed', encodeDraft(cycloneDx, (draft) => void delete draft.components[0]?.name)],
  [
    'a list that is none',
    'malformed',
    encodeDraft<Draft>(cycloneDx, (draft) => void Object.assign(draft, { components: {} })),
  ],
  [
    'a component that is none',
    'malformed',
    encodeDraft<Draft>(cycloneDx, (draft) => void Object.assign(draft, { components: [1] })),
  ],
  [
    'a digest that is none',
    'malformed',
    encodeDraft<Draft>(
      cycloneDx,
      (draft) => void Object.assign(draft, { components: [{ name: 'a', hashes: [{ alg: 'MD5', content: 'x' }] }] }),
    ),
  ],
  [
    'a name of 9,000 characters',
    'too_large',
    encodeDraft<Draft>(cycloneDx, (draft) => void Object.assign(draft, { components: [{ name: 'a'.repeat(9000) }] })),
  ],
  ['no SpdxDocument', 'malformed', encodeDraft(spdx3, (draft) => void draft['@graph'].splice(3, 1))],
  [
    'two SpdxDocuments',
    'malformed',
    encodeDraft(spdx3, (draft) => void draft['@graph'].push(draft['@graph'][3] ?? {})),
  ],
  ['a package without SPDXID', 'malformed', encodeDraft(spdx2, (draft) => void delete draft.packages[0]?.SPDXID)],
] as const) {
  test(`a document with ${why} is refused`, () => {
    assert.throws(() => parseSbom(bytes), { name: 'TrustError', code });
  });
}

test('bytes, components and references above the limits are refused', () => {
  for (const [draft, limits] of [
    [cycloneDx, { maxBytes: 100 }],
    [cycloneDx, { maxComponents: 3 }],
    [cycloneDx, { maxReferences: 3 }],
    [spdx2, { maxComponents: 1 }],
    [spdx2, { maxReferences: 2 }],
    [spdx3, { maxComponents: 1 }],
    [spdx3, { maxReferences: 2 }],
  ] as const) {
    assert.throws(() => parseSbom(encodeDraft<Draft>(draft), limits), { code: 'too_large' });
  }
});

test('150,000 components side by side, and components in components beyond the depth, neither hang nor overflow', () => {
  const many = Array.from({ length: 150_000 }, (_, index) => ({ type: 'library', name: `n${index}` }));
  const sbom = parseSbom(encodeDraft<Draft>(cycloneDx, (draft) => void Object.assign(draft, { components: many })));
  assert.equal(sbom.components.length, 150_001);
  const deep = `{"bomFormat":"CycloneDX","specVersion":"1.6","components":${'[{"name":"a","components":'.repeat(50_000)}`;
  assert.throws(() => parseSbom(encodeText(deep)), { code: 'too_large' });
});

test('a document with one value changed is read, or refused with a code', () => {
  const drafts = [cycloneDx, spdx2, spdx3];
  fc.assert(
    fc.property(fc.constantFrom(...drafts), fc.nat(), fc.jsonValue(), (draft, at, value) => {
      const places = (JSON.stringify(draft).match(/"[^"]*"(?!:)|\[\]|\{\}/g) ?? []).length;
      let index = 0;
      const text = JSON.stringify(draft).replace(/"[^"]*"(?!:)|\[\]|\{\}/g, (found) =>
        index++ === at % places ? JSON.stringify(value) : found,
      );
      try {
        inspectSbom(parseSbom(encodeText(text)), { artifact: { sha256: artifactSha256 }, now });
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
