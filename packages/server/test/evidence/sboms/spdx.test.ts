/** SPDX before the standard's schemas: each kind of fault, and documents of many classes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { JsonObject } from '@signpost/protocol/json/foreign';
import fc from 'fast-check';
import { validateSpdx } from '../../../src/evidence/sboms/spdx.ts';
import { createSpdx2Schema } from '../../../src/evidence/sboms/spdx2-schema.ts';
import { createGraph, createWideSpdx2 } from './spdx-documents.ts';

/** What is said of the document once a member of it is another; `path` leads to the member. */
function judge(document: object, path: string, value: unknown): string | undefined {
  const copy = structuredClone(document) as Record<string, unknown>;
  const names = path.split('/');
  const last = names.pop() ?? '';
  const holder = names.reduce<Record<string, unknown>>((at, name) => at[name] as Record<string, unknown>, copy);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return validateSpdx(copy as JsonObject);
}

suite('SPDX 2.3', () => {
  const document = createWideSpdx2();

  test('a document with packages, files, snippets, licences and annotations keeps the schema', () => {
    assert.equal(validateSpdx(document as JsonObject), undefined);
  });

  for (const [path, value, words] of [
    ['packages/0/bogus', 1, /\/packages\/0 must NOT have additional properties bogus/],
    ['packages/0/filesAnalyzed', 'yes', /\/packages\/0\/filesAnalyzed must be boolean/],
    ['packages/0/downloadLocation', undefined, /downloadLocation/],
    ['packages/0/checksums/0/algorithm', 'SHA3', /algorithm must be equal to one of/],
    ['packages/0/externalRefs/0/referenceCategory', 'PACKAGE', /referenceCategory/],
    ['packages/0/primaryPackagePurpose', 'APP', /primaryPackagePurpose/],
    ['packages/0/SPDXID', 'app', /SPDXRef-/],
    ['files/0/checksums', [], /fewer than 1 items/],
    ['files/0/fileTypes/0', 'WORDS', /fileTypes\/0/],
    ['snippets/0/ranges/0/startPointer/offset', '1', /must be integer/],
    ['relationships/0/relationshipType', 'KNOWS', /relationshipType/],
    ['annotations/0/annotationType', undefined, /annotationType/],
    ['hasExtractedLicensingInfos/0/crossRefs/0/isLive', 1, /must be boolean/],
    ['creationInfo/creators', [], /fewer than 1 items/],
    ['documentNamespace', undefined, /documentNamespace/],
  ] as const) {
    test(`a document whose ${path} is ${JSON.stringify(value) ?? 'missing'} breaks it`, () => {
      assert.match(judge(document, path, value) ?? '', words);
    });
  }

  test('the table says what the published schema of 2.3.1 says, words of explanation aside', () => {
    // Of schemas/spdx-schema.json of the specification, brought into the same order.
    const expected = '544108d1d504ffbd5cb36ee002c551d2664b25f15320031a27e8648ca7203e17';
    assert.equal(
      createHash('sha256')
        .update(JSON.stringify(order(createSpdx2Schema())))
        .digest('hex'),
      expected,
    );
  });
});

suite('SPDX 3.0', () => {
  const document = { '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld', '@graph': createGraph() };
  const at = (type: string) => `@graph/${document['@graph'].findIndex((item) => item.type === type)}`;

  test('a graph of all profiles keeps the model', () => {
    assert.equal(validateSpdx(document as JsonObject), undefined);
  });

  for (const [type, member, value, words] of [
    ['software_Package', 'bogus', 1, /\/bogus is not allowed/],
    ['software_Package', 'creationInfo', undefined, /\/creationInfo is missing/],
    ['software_Package', 'spdxId', undefined, /\/spdxId is missing/],
    ['software_Package', 'spdxId', '_:blank', /\/spdxId must be an IRI/],
    ['software_Package', 'name', ['rocket'], /\/name must be of the form: text/],
    ['software_Package', 'software_primaryPurpose', 'rocketry', /must be a word of software_SoftwarePurpose/],
    ['software_Package', 'originatedBy', 'urn:x:ada', /\/originatedBy must be a list/],
    ['software_Package', 'suppliedBy', 'Ada', /\/suppliedBy must name an element/],
    ['software_Package', 'suppliedBy', 'NoneElement', /\/suppliedBy must name an element/],
    [
      'software_Package',
      'verifiedUsing/0/type',
      'Person',
      /verifiedUsing\/0\/type must be a kind of IntegrityMethod, got Person/,
    ],
    ['software_Package', 'verifiedUsing/0/hashValue', undefined, /verifiedUsing\/0\/hashValue is missing/],
    ['software_Package', 'builtTime', '2026-11-20', /must be of the form: time/],
    ['software_Package', 'type', 'software_Parcel', /type is no class of SPDX 3.0: software_Parcel/],
    ['software_Package', 'type', 'Artifact', /type is no class/],
    ['software_Package', 'type', undefined, /type must be the name of a class/],
    ['software_Package', 'extension/0/type', 'mine', /extension\/0\/type must be the name of a class/],
    ['Relationship', 'to', [], /\/to must have at least 1 items/],
    ['software_Snippet', 'software_byteRange/beginIntegerRange', 0, /must be of the form: count/],
    ['CreationInfo', 'specVersion', '3.0', /must be of the form: version/],
    ['CreationInfo', 'specVersion', '3.1.0', /expected .*specVersion to be 3\.0/],
    ['CreationInfo', '@id', 'made', /\/@id must be an IRI/],
    ['dataset_DatasetPackage', 'dataset_datasetSize', -1, /must be of the form: size/],
    ['security_CvssV3VulnAssessmentRelationship', 'security_score', 'high', /must be of the form: number/],
    ['software_File', 'contentType', 'text', /must be of the form: media-type/],
    ['expandedlicensing_ListedLicense', 'expandedlicensing_isOsiApproved', 'yes', /must be of the form: yes-or-no/],
    ['expandedlicensing_ConjunctiveLicenseSet', 'expandedlicensing_member', ['urn:x:lic'], /at least 2 items/],
  ] as const) {
    test(`a graph whose ${type}/${member} is ${JSON.stringify(value) ?? 'missing'} breaks it`, () => {
      assert.match(judge(document, `${at(type)}/${member}`, value) ?? '', words);
    });
  }

  test('what stands beside the graph, and a graph that is none, break it', () => {
    assert.match(judge(document, 'bogus', 1) ?? '', /^\/bogus is not allowed/);
    assert.match(judge(document, '@graph', {}) ?? '', /must be a list/);
    assert.match(judge(document, '@graph/0', 'x') ?? '', /^\/@graph\/0 must be an object/);
  });

  test('whatever stands in the graph is judged and nothing is thrown', () => {
    const graph = document['@graph'];
    fc.assert(
      fc.property(fc.nat(graph.length - 1), fc.nat(12), fc.jsonValue(), (index, member, value) => {
        const names = Object.keys(graph[index] ?? {});
        judge(document, `@graph/${index}/${names[member % names.length]}`, value);
      }),
    );
  });
});

/** Members by name, words in order: schemas that say the same are the same text. */
function order(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(order).sort();
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name, part]) => name !== 'minItems' || part !== 0);
  const full = entries.filter(([name, part]) => name !== 'required' || (part as string[]).length > 0);
  return Object.fromEntries(
    full.map(([name, part]) => [name, order(part)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
