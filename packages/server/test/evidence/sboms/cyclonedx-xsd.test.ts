/** CycloneDX XML before the standard's XSDs: one test for each kind of fault, and xmllint beside us over damaged documents. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Refusal } from '../../../src/errors.ts';
import { validateCycloneDxXml } from '../../../src/evidence/sboms/cyclonedx-xsd.ts';
import { judgeDocument } from '../../../src/evidence/sboms/judge-document.ts';
import { damageTree } from './xml-damage.ts';
import { createTree, encodeXml, versions } from './xml-documents.ts';

const text = encodeXml(createTree('1.6'));

for (const [why, find, put, words] of [
  ['an element that the standard does not know', '<scope>', '<bogus/><scope>', /line 1: Element 'bogus'.*not expected/],
  [
    'elements in another order',
    '<name>core</name><version>17.0.0</version>',
    '<version>1</version><name>core</name>',
    /version/,
  ],
  ['an attribute that the standard does not know', 'alg="MD5"', 'alg="MD5" bogus="1"', /attribute 'bogus'/],
  ['a word that is not in its list', '<severity>critical', '<severity>dreadful', /dreadful/],
  ['a licence that SPDX does not list', '<id>MIT<', '<id>NotOne<', /NotOne/],
  ['a hash that is none', 'ab'.repeat(32), 'xyz', /Element 'hash'.*xyz/],
  ['no type', ' type="library"', '', /'type' is required/],
  ['a date that is none', '2026-11-20T10:00:00Z', 'yesterday', /dateTime/],
  ['a name twice', 'bom-ref="inner"', 'bom-ref="core"', /Duplicate key/],
] as const) {
  test(`XML with ${why} breaks the schema, which says where`, () => {
    const problem = validateCycloneDxXml(text.replace(find, put), '1.6') ?? '';
    assert.match(problem, words);
    assert.doesNotMatch(problem, /cyclonedx\.org/);
  });
}

test('elements and attributes of others stand where the standard lets them, and nowhere else', () => {
  const own = text.replace('bom-ref="core"', 'bom-ref="core" own="1"');
  const foreign = '<x:y xmlns:x="urn:x" x:z="1"><name/></x:y>';
  assert.equal(
    validateCycloneDxXml(own.replace('</purl></component>', `</purl>${foreign}</component>`), '1.6'),
    undefined,
  );
  assert.match(validateCycloneDxXml(text.replace('<name>core', `${foreign}<name>core`), '1.6') ?? '', /'y'/);
});

test('a document that names schemas of its own has nothing read for it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-xsd-'));
  t.after(() => rm(folder, { recursive: true }));
  const xsd =
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"><xs:element name="y" type="xs:int"/></xs:schema>';
  await writeFile(join(folder, 'own.xsd'), xsd);
  for (const location of [
    join(folder, 'own.xsd'),
    pathToFileURL(join(folder, 'own.xsd')).href,
    'http://127.0.0.1:1/own.xsd',
  ]) {
    const xsi = `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x ${location}"`;
    const named = text.replace('<bom ', `<bom ${xsi} `).replace('</bom>', '<x:y xmlns:x="urn:x">no number</x:y></bom>');
    assert.equal(validateCycloneDxXml(named, '1.6'), undefined);
  }
});

test('an upload is judged by the schema, and by what it says of its encoding', () => {
  const request = {
    maxBytes: 1_000_000,
    artifact: { sha256: 'ab'.repeat(32) },
    now: Date.parse('2026-11-21T10:00:00Z'),
  };
  const judge = (document: string) => judgeDocument(Buffer.from(document), request);
  assert.equal(judge(`<?xml version="1.0" encoding="utf-8"?>${text}`).sbom.format.encoding, 'xml');
  assert.throws(() => judge(`<?xml version="1.0" encoding="ISO-8859-1"?>${text}`), { rule: 'sbom-malformed' });
  assert.throws(
    () => judge(text.replace('<scope>required', '<scope>wanted')),
    (error) => {
      return (
        error instanceof Refusal &&
        error.rule === 'sbom-schema' &&
        /^CycloneDX 1\.6: line 1: Element 'scope'/.test(error.message)
      );
    },
  );
});

suite('xmllint says the same', () => {
  for (const version of versions) {
    test(`of damaged documents of CycloneDX ${version}`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'signpost-xsd-'));
      t.after(() => rm(folder, { recursive: true }));
      const documents = [encodeXml(createTree(version)), ...damageTree(createTree(version), { count: 120, seed: 7 })];
      const expected = await judgeByXmllint(folder, version, documents);
      const verdicts = documents.map((document) => validateCycloneDxXml(document, version) === undefined);
      assert.equal(verdicts[0], true);
      assert.ok(
        verdicts.filter((isValid) => isValid).length >= 5 && verdicts.filter((isValid) => !isValid).length >= 50,
      );
      for (const [index, document] of documents.entries()) assert.equal(verdicts[index], expected[index], document);
    });
  }
});

const schemas = fileURLToPath(new URL('res/schema/', import.meta.resolve('@cyclonedx/cyclonedx-library/package.json')));

/** Whether each of the documents validates. */
async function judgeByXmllint(folder: string, version: string, documents: readonly string[]): Promise<boolean[]> {
  const paths = documents.map((_, index) => join(folder, `${index}.xml`));
  await Promise.all(documents.map((document, index) => writeFile(paths[index] ?? '', document)));
  const options = ['--noout', '--nonet', '--schema', join(schemas, `bom-${version}.SNAPSHOT.xsd`), ...paths];
  const output = await new Promise<string>((resolve) => {
    execFile('xmllint', options, { timeout: 60_000, maxBuffer: 2 ** 24 }, (_error, _stdout, stderr) => resolve(stderr));
  });
  return paths.map((path) => {
    const isValid = output.includes(`${path} validates\n`);
    assert.ok(isValid || output.includes(`${path} fails to validate\n`), output.slice(0, 500));
    return isValid;
  });
}
