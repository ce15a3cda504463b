/** What no schema sees, one test for each rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SbomRule, sbomRules } from '@signpost/protocol/sbom/finding';
import { inspectSbom, parseCreated } from '@signpost/protocol/sbom/inspect';
import { parseSbom } from '@signpost/protocol/sbom/parse-sbom';
import { artifactSha256, cycloneDx, encodeDraft, now, spdx2, spdx3 } from './documents.ts';

function inspect(bytes: Uint8Array) {
  return inspectSbom(parseSbom(bytes), { artifact: { sha256: artifactSha256, sha512: 'cd'.repeat(64) }, now });
}

test('a complete document has no findings, cycles among its dependencies or not', () => {
  for (const bytes of [encodeDraft(cycloneDx), encodeDraft(spdx2), encodeDraft(spdx3)])
    assert.deepEqual(inspect(bytes), []);
});

type Change = (draft: typeof cycloneDx) => void;

const changes: Readonly<Record<SbomRule, Change>> = {
  reference_duplicate: (draft) => void Object.assign(draft.components[1] ?? {}, { 'bom-ref': 'core' }),
  reference_dangling: (draft) => void draft.dependencies.push({ ref: 'core', dependsOn: ['nobody'] }),
  described_missing: (draft) => void delete draft.metadata.component,
  purl_invalid: (draft) => void Object.assign(draft.components[1] ?? {}, { purl: 'pkg:npm' }),
  purl_disagrees: (draft) => void Object.assign(draft.components[1] ?? {}, { purl: 'pkg:npm/tslib@2.6.1' }),
  digest_absent: (draft) => void Object.assign(draft.metadata.component ?? {}, { hashes: [] }),
  digest_mismatch: (draft) =>
    void Object.assign(draft.metadata.component ?? {}, { hashes: [{ alg: 'SHA-512', content: 'ab'.repeat(64) }] }),
  date_invalid: (draft) => void Object.assign(draft.metadata, { timestamp: '2026-02-30T10:00:00Z' }),
  date_future: (draft) => void Object.assign(draft.metadata, { timestamp: '2026-11-21T13:00:00Z' }),
  ntia_author: (draft) => void Object.assign(draft.metadata, { authors: [], tools: [] }),
  ntia_timestamp: (draft) => void delete draft.metadata.timestamp,
  ntia_supplier: (draft) => void delete draft.components[1]?.supplier,
  ntia_version: (draft) => void delete draft.components[1]?.version,
  ntia_identifier: (draft) => void delete draft.components[1]?.purl,
  ntia_relationships: (draft) => void draft.dependencies.shift(),
};

for (const rule of sbomRules) {
  test(`${rule} is found`, () => {
    const findings = inspect(encodeDraft(cycloneDx, changes[rule]));
    const finding = findings.find((candidate) => candidate.rule === rule);
    assert.ok(finding && finding.count === 1 && finding.examples.length === 1, JSON.stringify(findings));
  });
}

test('references out of compositions, vulnerabilities and annotations must resolve too; those to other documents need not', () => {
  for (const addition of [
    { compositions: [{ aggregate: 'complete', assemblies: ['nobody'] }] },
    { vulnerabilities: [{ id: 'CVE-1', affects: [{ ref: 'nobody' }] }] },
    { annotations: [{ subjects: ['nobody'] }] },
  ]) {
    const [finding] = inspect(encodeDraft(cycloneDx, (draft) => void Object.assign(draft, addition)));
    assert.deepEqual([finding?.rule, finding?.examples[0]?.slice(0, 9)], ['reference_dangling', 'nobody in']);
  }
  const linked = { annotations: [{ subjects: ['urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#x'] }] };
  assert.deepEqual(inspect(encodeDraft(cycloneDx, (draft) => void Object.assign(draft, linked))), []);
});

test('SPDX: a dangling relationship and a dangling supplier are found, elements of other documents are not', () => {
  const related = { spdxElementId: 'SPDXRef-app', relationshipType: 'CONTAINS' };
  for (const [ref, count] of [
    ['SPDXRef-nobody', 1],
    ['DocumentRef-other:SPDXRef-x', 0],
    ['NOASSERTION', 0],
  ] as const) {
    const findings = inspect(
      encodeDraft(spdx2, (draft) => void draft.relationships.push({ ...related, relatedSpdxElement: ref })),
    );
    assert.equal(findings.length, count, ref);
  }
  const supplied = (extra: Record<string, unknown>) =>
    encodeDraft(spdx3, (draft) => {
      Object.assign(draft['@graph'][5] ?? {}, { suppliedBy: 'https://example.com/else' });
      Object.assign(draft['@graph'][3] ?? {}, extra);
    });
  assert.deepEqual(
    inspect(supplied({})).map(({ rule }) => rule),
    ['reference_dangling', 'ntia_supplier'],
  );
  const imported = { import: [{ type: 'ExternalMap', externalSpdxId: 'https://example.com/else' }] };
  assert.deepEqual(
    inspect(supplied(imported)).map(({ rule }) => rule),
    ['ntia_supplier'],
  );
});

test('one digest that agrees does not make up for one that does not', () => {
  const hashes = [
    { alg: 'SHA-256', content: artifactSha256.toUpperCase() },
    { alg: 'SHA-512', content: '00'.repeat(64) },
  ];
  const findings = inspect(
    encodeDraft(cycloneDx, (draft) => void Object.assign(draft.metadata.component ?? {}, { hashes })),
  );
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    ['digest_mismatch'],
  );
});

test('the version of a file may be its digest, as Syft writes it', () => {
  for (const [value, rules] of [
    [artifactSha256, []],
    ['00'.repeat(32), ['digest_mismatch']],
  ] as const) {
    const component = { type: 'file', 'bom-ref': 'app', name: '/demo', version: `sha256:${value}` };
    const findings = inspect(encodeDraft(cycloneDx, (draft) => void Object.assign(draft.metadata, { component })));
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      rules,
    );
  }
});

test('of many cases five are named and all are counted', () => {
  const many = Array.from({ length: 50 }, (_, index) => ({ type: 'library', name: `n${index}`, purl: 'pkg:' }));
  const finding = inspect(encodeDraft(cycloneDx, (draft) => void draft.components.push(...many))).find(
    ({ rule }) => rule === 'purl_invalid',
  );
  assert.deepEqual([finding?.count, finding?.examples.length], [50, 5]);
});

test('times have an offset or Z, and days that exist', () => {
  assert.equal(parseCreated('2026-11-20T10:00:00+01:00'), Date.parse('2026-11-20T09:00:00Z'));
  assert.equal(parseCreated('2024-02-29T00:00:00.123456789Z'), Date.parse('2024-02-29T00:00:00.123Z'));
  for (const text of [
    '2026-11-20',
    '2026-11-20T10:00:00',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    'x',
  ])
    assert.equal(parseCreated(text), undefined, text);
});
