/** Semantic Versioning 2.0.0. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions } from '@signpost/protocol/updates/version';
import fc from 'fast-check';

// Clause 11, its examples in one row, and numbers beyond 2^53.
const ascending = [
  '0.0.0-0',
  '0.0.0',
  '0.9.10',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '2.0.0',
  '2.1.0',
  '2.1.1',
  '9007199254740992.0.0',
  '9007199254740993.0.0',
  '10000000000000000.0.0',
];

test('versions have the order of the standard', () => {
  for (const [left, version] of ascending.entries()) {
    for (const [right, reference] of ascending.entries()) {
      const expected = left === right ? 'same' : left < right ? 'older' : 'newer';
      assert.equal(compareVersions(version, reference), expected, `${version} and ${reference}`);
    }
  }
});

test('build metadata does not count', () => {
  assert.equal(compareVersions('1.0.0+a', '1.0.0+b'), 'same');
  assert.equal(compareVersions('1.0.0-x+a', '1.0.0-x'), 'same');
});

for (const text of [
  '1',
  '1.0',
  'v1.0.0',
  '01.0.0',
  '1.0.0-01',
  '1.0.0-',
  '1.0.0-a..b',
  '1.0.0+',
  '1.0.0 ',
  '2026-11-21',
  '',
]) {
  test(`"${text}" can only be compared with itself`, () => {
    assert.equal(compareVersions(text, '1.0.0'), 'incomparable');
    assert.equal(compareVersions('1.0.0', text), 'incomparable');
    assert.equal(compareVersions(text, text), 'same');
  });
}

const identifiers = fc.constantFrom('0', '1', '10', '99', 'a', 'A', 'a1', '-', '1-');
const versions = fc
  .tuple(fc.array(fc.nat(11), { minLength: 3, maxLength: 3 }), fc.array(identifiers, { maxLength: 3 }))
  .map(([core, prerelease]) => core.join('.') + (prerelease.length > 0 ? `-${prerelease.join('.')}` : ''));

test('the order is total: turned round it is the opposite, and it is transitive', () => {
  const opposite = { older: 'newer', newer: 'older', same: 'same', incomparable: 'incomparable' };
  fc.assert(
    fc.property(versions, versions, versions, (a, b, c) => {
      assert.equal(compareVersions(b, a), opposite[compareVersions(a, b)]);
      if (compareVersions(a, b) === 'older' && compareVersions(b, c) === 'older') {
        assert.equal(compareVersions(a, c), 'older');
      }
    }),
    { numRuns: 1000 },
  );
});
