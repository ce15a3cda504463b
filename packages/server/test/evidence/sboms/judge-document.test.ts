/** What an attached SBOM must be, format by format; one test for each way to refuse. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../../src/errors.ts';
import { judgeDocument } from '../../../src/evidence/sboms/judge-document.ts';
import { createCycloneDx, createLibrary, createSpdx2, createSpdx3, createXml } from './documents.ts';

const sha256 = 'ab'.repeat(32);
const request = { maxBytes: 8_000_000, artifact: { sha256 }, now: Date.parse('2026-11-21T10:00:00Z') };

function judge(document: object | string, change: Partial<typeof request> = {}) {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return judgeDocument(Buffer.from(text), { ...request, ...change });
}

function refuses(document: object | string, rule: string): void {
  assert.throws(() => judge(document), { code: 'upload_refused', rule });
}

suite('CycloneDX', () => {
  test('every version keeps its own schema', () => {
    for (const specVersion of ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7']) {
      const document = createCycloneDx(sha256, { specVersion });
      const isOld = Number(specVersion) < 1.5;
      if (isOld) Object.assign(document.metadata as object, { tools: [{ name: 'maker' }] });
      assert.equal(judge(document).sbom.format.version, specVersion);
      if (isOld) continue;
      Object.assign(document.metadata as object, { unheard: 'of' });
      refuses(document, 'sbom-schema');
    }
  });

  test('XML says the same as JSON', () => {
    for (const text of [createXml(sha256), `\ufeff${createXml(sha256)}`]) {
      const { sbom, findings } = judge(text);
      assert.deepEqual(findings, []);
      assert.deepEqual(sbom.format, { standard: 'CycloneDX', version: '1.6', encoding: 'xml' });
      assert.deepEqual(
        sbom.components.map(({ name, version, supplier, licences }) => [name, version, supplier, licences.join()]),
        [
          ['rocket', '1.0.0', 'Rockets Ltd', ''],
          ['@angular/core', '17.0.0', 'Google & Co', 'MIT'],
          ['inner', '1', 'Eve', 'MIT OR 0BSD'],
        ],
      );
      assert.deepEqual([sbom.tools, sbom.authors, sbom.described], [['maker 1'], ['Ada'], ['app']]);
      assert.deepEqual(sbom.relationships[1], { from: 'app', kind: 'depends-on', to: 'core' });
    }
  });

  for (const [why, rule, text] of [
    ['a DOCTYPE', 'sbom-malformed', createXml(sha256, '<!DOCTYPE bom [<!ENTITY a "b">]>')],
    ['an entity that nobody declared', 'sbom-malformed', createXml(sha256).replace('&amp;', '&a;')],
    ['an element that is not closed', 'sbom-malformed', createXml(sha256).replace('</bom>', '')],
    ['another root', 'sbom-format', '<html xmlns="http://www.w3.org/1999/xhtml"/>'],
    ['a version that is not read', 'sbom-format', createXml(sha256).replace('bom/1.6', 'bom/1.1')],
    ['levels without end', 'sbom-too-large', `<bom xmlns="http://cyclonedx.org/schema/bom/1.6">${'<a>'.repeat(200)}`],
    [
      'a dangling reference',
      'sbom-reference-dangling',
      createXml(sha256).replace('<assembly ref="core"/>', '<assembly ref="x"/>'),
    ],
    ['a component without a name', 'sbom-malformed', createXml(sha256).replace('<name>core</name>', '')],
  ] as const) {
    test(`XML with ${why} is refused`, () => refuses(text, rule));
  }

  test('components that are the same twice break the schema, also when there are very many', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => createLibrary(`n${index}`, '1.0.0'));
    assert.equal(judge(createCycloneDx(sha256, { components: many, dependencies: [] })).sbom.components.length, 20_001);
    refuses(createCycloneDx(sha256, { components: [...many, createLibrary('n0', '1.0.0')] }), 'sbom-schema');
  });

  for (const [why, change] of [
    ['an address that is none', { metadata: { authors: [{ email: 'nobody' }] } }],
    ['a reference that is no IRI', { externalReferences: [{ type: 'website', url: 'a b' }] }],
    ['a licence that SPDX does not list', { components: [createLibrary('a', '1', 'NotOne')], dependencies: [] }],
  ] as const) {
    test(`${why} breaks the schema`, () => refuses(createCycloneDx(sha256, change), 'sbom-schema'));
  }
});

suite('SPDX', () => {
  test('2.3 and 3.0 are taken, with what they leave out', () => {
    for (const document of [createSpdx2(sha256), createSpdx3(sha256)]) {
      const rules = judge(document).findings.map(({ rule }) => rule);
      assert.ok(rules.includes('ntia_supplier') && rules.includes('ntia_identifier'));
    }
  });

  for (const [why, document] of [
    ['another data licence', createSpdx2(sha256, { dataLicense: 'MIT' })],
    ['no namespace', createSpdx2(sha256, { documentNamespace: 'rocket' })],
    [
      'creators of no kind',
      createSpdx2(sha256, { creationInfo: { created: '2026-11-20T10:00:00Z', creators: ['Ada'] } }),
    ],
    ['no creation', createSpdx2(sha256, { creationInfo: {} })],
    ['a package from nowhere', createSpdx2(sha256, { packages: [{ SPDXID: 'SPDXRef-app', name: 'rocket' }] })],
    [
      'an id of another form',
      createSpdx2(sha256, {
        packages: [{ SPDXID: 'app', name: 'a', downloadLocation: 'NONE' }],
        documentDescribes: [],
      }),
    ],
    ['elements without creation', createSpdx3(sha256, { creationInfo: undefined })],
  ] as const) {
    test(`a document with ${why} is refused`, () => refuses(document, 'sbom-schema'));
  }
});

for (const [why, rule, document] of [
  ['no JSON', 'sbom-malformed', '{'],
  ['a key twice', 'sbom-malformed', '{"bomFormat":"CycloneDX","bomFormat":"x"}'],
  ['another format', 'sbom-format', '{}'],
  ['another digest', 'sbom-digest-mismatch', createCycloneDx('cd'.repeat(32))],
  [
    'a name twice',
    'sbom-reference-duplicate',
    createCycloneDx(sha256, { components: [createLibrary('app', '1')], dependencies: [] }),
  ],
  [
    'an impossible package URL',
    'sbom-purl-invalid',
    createCycloneDx(sha256, { components: [createLibrary('a b', '1')], dependencies: [] }),
  ],
  [
    'a date to come',
    'sbom-date-future',
    createSpdx2(sha256, { creationInfo: { created: '2027-01-01T00:00:00Z', creators: ['Tool: a'] } }),
  ],
  [
    'a day that is none',
    'sbom-date-invalid',
    createSpdx2(sha256, { creationInfo: { created: '2026-02-30T00:00:00Z', creators: ['Tool: a'] } }),
  ],
] as const) {
  test(`a document with ${why} is refused`, () => refuses(document, rule));
}

test('a document above the limit is refused', () => {
  assert.throws(() => judge(createCycloneDx(sha256), { maxBytes: 100 }), { rule: 'sbom-too-large' });
});

test('a document with some characters changed is judged or refused by a rule, never broken by', () => {
  const documents = [createXml(sha256), JSON.stringify(createSpdx2(sha256)), JSON.stringify(createSpdx3(sha256))];
  const pieces = fc.constantFrom(
    '<',
    '>',
    '/',
    '&',
    '"',
    ' ',
    'ref="',
    'a',
    '{',
    '}',
    ',',
    '&#0;',
    '&#xD800;',
    '<![CDATA[',
    '<?x',
    ':',
  );
  fc.assert(
    fc.property(fc.constantFrom(...documents), fc.nat(), fc.nat(40), pieces, (text, place, length, piece) => {
      const at = place % text.length;
      try {
        judge(text.slice(0, at) + piece + text.slice(at + length));
      } catch (error) {
        assert.ok(error instanceof Refusal && error.rule?.startsWith('sbom-'), String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
