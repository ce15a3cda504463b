/** ECMA-427, with the vectors of purl-spec. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { createPurl, encodePurl, maxPurlLength, parsePurl } from '@signpost/protocol/sbom/purl';
import fc from 'fast-check';
import { acceptedPurls, refusedPurls } from './purl-vectors.ts';

test('every vector has its canonical form, which is its own', () => {
  for (const [text, canonical = text] of acceptedPurls) {
    assert.equal(encodePurl(parsePurl(text)), canonical, text);
    assert.equal(encodePurl(parsePurl(canonical)), canonical, canonical);
  }
});

test('what the vectors refuse is refused', () => {
  for (const text of refusedPurls) assert.throws(() => parsePurl(text), { code: 'malformed' }, text);
});

for (const [why, text] of [
  ['white space', 'pkg:npm/a b'],
  ['a control character, encoded', 'pkg:npm/a%00b'],
  ['percent signs that encode nothing', 'pkg:npm/a%zz'],
  ['octets that are not UTF-8', 'pkg:npm/a%ff'],
  ['an encoded slash in a namespace', 'pkg:github/a%2Fb/c'],
  ['a qualifier twice', 'pkg:npm/a?b=1&b=2'],
  ['a qualifier without a value sign', 'pkg:npm/a?b'],
  ['no name', 'pkg:npm/'],
  ['another scheme', 'npm:npm/a'],
] as const) {
  test(`a package URL with ${why} is refused`, () => {
    assert.throws(() => parsePurl(text), { code: 'malformed' });
  });
}

test('a package URL longer than the limit is refused before it is read', () => {
  assert.throws(() => parsePurl(`pkg:npm/${'a'.repeat(maxPurlLength)}`), { code: 'too_large' });
});

test('the parts come decoded and in normal form', () => {
  const purl = parsePurl('pkg:npm/%40Angular/core@1.0.0%2Bx?b=2&a=1#/src/./lib/');
  assert.deepEqual(
    { ...purl, qualifiers: [...purl.qualifiers] },
    {
      type: 'npm',
      namespace: '@Angular',
      name: 'core',
      version: '1.0.0+x',
      qualifiers: [
        ['a', '1'],
        ['b', '2'],
      ],
      subpath: 'src/lib',
    },
  );
});

const parts = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => !/[\u0000-\u001f\u007f]/.test(text));
const segments = parts.filter((text) => !text.includes('/') && text !== '.' && text !== '..');
const purls = fc.record({
  type: fc.constantFrom('generic', 'npm', 'golang', 'unknown-type', 'conan'),
  namespace: fc.array(segments, { minLength: 1, maxLength: 3 }).map((all) => all.join('/')),
  name: segments,
  version: fc.option(parts, { nil: undefined }),
  qualifiers: fc
    .dictionary(fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/), parts, { maxKeys: 4 })
    .map((record) => new Map(Object.entries(record))),
  subpath: fc.option(
    fc.array(segments, { minLength: 1, maxLength: 3 }).map((all) => all.join('/')),
    { nil: undefined },
  ),
});

test('what is written is read again as the same', () => {
  fc.assert(
    fc.property(purls, (given) => {
      const purl = createPurl(given);
      assert.deepEqual(purl.name, given.name);
      assert.deepEqual(parsePurl(encodePurl(purl)), purl);
    }),
    { numRuns: 1000 },
  );
});

test('any text is refused with a code, or has a canonical form that stays', () => {
  const texts = fc.string({ unit: fc.constantFrom(...'pkg:npm/@%2f?=&#.aA0\n é'), maxLength: 30 });
  fc.assert(
    fc.property(
      texts.map((text) => `pkg:${text}`),
      (text) => {
        try {
          const canonical = encodePurl(parsePurl(text));
          assert.equal(encodePurl(parsePurl(canonical)), canonical);
        } catch (error) {
          assert.ok(error instanceof TrustError, String(error));
        }
      },
    ),
    { numRuns: 3000 },
  );
});
