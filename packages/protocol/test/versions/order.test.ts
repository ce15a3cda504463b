/** PEP 440, Composer and deb-version(7), each with the implementation that everybody runs as oracle. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parseComposerVersion } from '@signpost/protocol/versions/composer';
import { findVersionScheme, orderVersions, type VersionScheme } from '@signpost/protocol/versions/order';
import fc from 'fast-check';

/** Versions that differ, each later than the one before. */
const ascending: Readonly<Record<VersionScheme, readonly string[]>> = {
  semver: ['v0.0.0-20190101000000-abcdef123456', '0.0.1', '1.0.0-rc.1', 'v1.0.0', '1.10.0', '2.0.0+incompatible'],
  // The summary of permitted suffixes and relative ordering, and epochs and local versions.
  pep440: [
    '1.dev0',
    '1.0.dev456',
    '1.0a1',
    '1.0a2.dev456',
    '1.0a12.dev456',
    '1.0a12',
    '1.0b1.dev456',
    '1.0b2',
    '1.0b2.post345.dev456',
    '1.0b2.post345',
    '1.0rc1.dev456',
    '1.0rc1',
    '1.0',
    '1.0+abc.5',
    '1.0+abc.7',
    '1.0+5',
    '1.0.post456.dev34',
    '1.0.post456',
    '1.0.15',
    '1.1.dev1',
    '99999999999999999999.0',
    '1!0.1',
  ],
  composer: [
    '1.0.0-dev',
    '1.0-alpha',
    '1.0.0-alpha2',
    '1.0b1',
    '1.0.0-beta.2',
    '1.0RC1',
    '1.0.0',
    '1.0.0-p1',
    '1.0.0.1',
    '1.10',
    '2.0.0',
  ],
  debian: [
    '1.0~~',
    '1.0~~a',
    '1.0~',
    '1.0',
    '1.0-1',
    '1.0-1+b1',
    '1.0-1.1',
    '1.0a',
    '1.0+dfsg-1',
    '1.2',
    '1.10',
    '1:0.1',
    '1:0.1-0ubuntu1',
  ],
  // Words before numbers, and the order of words that Bundler relies on.
  gem: [
    '0.0.beta',
    '0',
    '1.0.a.1',
    '1.0.a.2',
    '1.0.b1',
    '1.0.pre',
    '1.0',
    '1.0.1-rc',
    '1.0.1',
    '1.9',
    '1.10',
    '5.2.4.6',
  ],
  nuget: [
    '1.0.0-1',
    '1.0.0-2',
    '1.0.0-10',
    '1.0.0-Alpha',
    '1.0.0-alpha.1',
    '1.0.0-beta',
    '1.0',
    '1.0.0.1',
    '1.0.1',
    '1.10.0',
  ],
  // The order of words, of words against numbers, and of hyphens against dots.
  maven: [
    '1-alpha2snapshot',
    '1-alpha2',
    '1-alpha-123',
    '1-beta-2',
    '1-m2',
    '1-m11',
    '1-rc',
    '1-cr2',
    '1-SNAPSHOT',
    '1',
    '1-sp',
    '1-sp2',
    '1-abc',
    '1.def',
    '1-pom-1',
    '1-1-snapshot',
    '1-1',
    '1-2',
    '1.0.1',
    '1.2',
    '1.10.0-jre',
    '11.a2',
    '11.b2',
    '11',
    '11.a',
    '11b',
    '11m',
  ],
};

for (const [scheme, versions] of Object.entries(ascending) as [VersionScheme, readonly string[]][]) {
  test(`versions of ${scheme} have the order of their standard`, () => {
    for (const [left, version] of versions.entries()) {
      for (const [right, other] of versions.entries()) {
        const order = orderVersions(scheme, version, other);
        assert.equal(Math.sign(order ?? Number.NaN), Math.sign(left - right), `${version} and ${other}`);
      }
    }
  });
}

test('other spellings of one version are the same', () => {
  for (const [scheme, left, right] of [
    ['pep440', '1.0', '1.0.0'],
    ['pep440', '1.0-ALPHA_1', '1.0a1'],
    ['pep440', '1.0-1', '1.0.post1'],
    ['pep440', 'v1.0.rc', '1.0rc0'],
    ['composer', 'v1.0', '1.0.0.0'],
    ['composer', '1.0.0+build', '1.0.0'],
    ['composer', '1.0.0-rc.1', '1.0.0-RC1'],
    ['debian', '0:1.0', '1.0'],
    ['debian', '1.0-0', '1.0'],
    ['debian', '1.00', '1.0'],
    ['semver', 'v1.0.0+a', '1.0.0+b'],
    ['gem', '1.0', '1'],
    ['gem', '1.0.pre.0', '1.0.pre'],
    ['gem', '1.0-rc', '1.pre.rc'],
    ['gem', '1.01', '1.1'],
    ['nuget', '1', '1.0.0.0'],
    ['nuget', '1.0-BETA+x', '1.0.0-beta'],
    ['nuget', 'v1.01', '1.1'],
    ['maven', '1.0.0', '1'],
    ['maven', '1.0.0.Final', '1.ga'],
    ['maven', '1.0.0.RELEASE', '1-'],
    ['maven', '1.0.0-foo.0.0', '1-foo'],
    ['maven', '1-a1', '1-alpha-1'],
    ['maven', '1-ga-1', '1-1'],
    ['maven', '1.foo', '1-foo'],
    ['maven', '1.0_1', '1-1'],
    ['maven', '1-1.foo-bar1baz-.1', '1-1-foo-bar-1-baz-0.1'],
  ] as const) {
    assert.equal(Math.abs(orderVersions(scheme, left, right) ?? Number.NaN), 0, `${left} and ${right}`);
  }
});

test('what is no version of its scheme has no order', () => {
  for (const [scheme, text] of [
    ['semver', '1.0'],
    ['pep440', '1.0-final-x'],
    ['pep440', '1'.repeat(300)],
    ['composer', 'dev-main'],
    ['composer', '1.x-dev'],
    ['composer', ''],
    ['debian', '1.0 1'],
    ['debian', '1.0:1:2x_'],
    ['debian', '1'.repeat(600)],
    ['gem', '>= 1.0'],
    ['gem', '1..0'],
    ['gem', '1'.repeat(300)],
    ['nuget', '1.0.0.0.0'],
    ['nuget', '[1.0,2.0)'],
    ['maven', '[1.0,2.0)'],
    ['maven', ''],
    ['maven', '1'.repeat(300)],
  ] as const) {
    assert.equal(orderVersions(scheme, text, '1.0.0'), undefined, text);
  }
});

test('an ecosystem whose order nobody knows has no scheme', () => {
  assert.equal(findVersionScheme('pypi'), 'pep440');
  assert.equal(findVersionScheme('conan'), undefined);
  assert.equal(findVersionScheme('constructor'), undefined);
});

const numbers = fc.nat(12).map(String);
const suffixes = (all: readonly string[]) =>
  fc.array(fc.constantFrom(...all), { maxLength: 3 }).map((parts) => parts.join(''));
const arbitrary: Readonly<Record<VersionScheme, fc.Arbitrary<string>>> = {
  semver: fc
    .tuple(numbers, numbers, suffixes(['-a', '.1', '.b']))
    .map(([a, b, tail]) => `${a}.${b}.0${tail.replace(/^\./, '-')}`),
  pep440: fc
    .tuple(
      numbers,
      numbers,
      fc.constantFrom('', 'a1', 'b2', 'rc1', '.1'),
      fc.constantFrom('', '.post1', '.post2'),
      fc.constantFrom('', '.dev1'),
      fc.constantFrom('', '+a', '+1', '+a.1'),
    )
    .map(([major, minor, ...tail]) => `${major}.${minor}${tail.join('')}`),
  composer: fc
    .tuple(
      numbers,
      numbers,
      fc.constantFrom('', '.0', '.1'),
      fc.constantFrom('', '-alpha', '-beta2', '-RC1', '-p1', '-dev', '-beta.1-dev'),
    )
    .map(([major, minor, ...tail]) => `${major}.${minor}${tail.join('')}`),
  debian: fc
    .tuple(
      fc.constantFrom('', '1:'),
      numbers,
      suffixes(['.1', '~', 'a', '+b', '.', '01']),
      fc.constantFrom('', '-1', '-0', '-1~x', '-1+b2'),
    )
    .map((parts) => parts.join('')),
  gem: fc.tuple(numbers, suffixes(['.0', '.1', '.a', '.rc1', '.10'])).map((parts) => parts.join('')),
  nuget: fc
    .tuple(numbers, numbers, fc.constantFrom('', '.0', '.1.2', '-a', '-A.1', '-2', '-10.b'))
    .map(([a, b, tail]) => `${a}.${b}${tail}`),
  maven: fc
    .tuple(numbers, suffixes(['.0', '.1', '-1', '-rc', 'a1', '-foo', '.Final', '-0', '.x']))
    .map((parts) => parts.join('')),
};

test('each order is total: turned round it is the opposite, and it is transitive', () => {
  for (const [scheme, versions] of Object.entries(arbitrary) as [VersionScheme, fc.Arbitrary<string>][]) {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        const [ab, ba, bc, ac] = [
          orderVersions(scheme, a, b),
          orderVersions(scheme, b, a),
          orderVersions(scheme, b, c),
          orderVersions(scheme, a, c),
        ].map((order) => Math.sign(order ?? Number.NaN));
        assert.ok((ab ?? Number.NaN) + (ba ?? 0) === 0, `${a} ${b}`);
        if (ab === -1 && bc === -1) assert.equal(ac, -1, `${a} ${b} ${c}`);
      }),
      { numRuns: 500 },
    );
  }
});

/** Pairs, and what we say of them. */
function samplePairs(scheme: VersionScheme, count: number): readonly (readonly [string, string, number])[] {
  const pairs = fc.sample(fc.tuple(arbitrary[scheme], arbitrary[scheme]), { numRuns: count, seed: 7 });
  return pairs.map(([left, right]) => [left, right, Math.sign(orderVersions(scheme, left, right) ?? Number.NaN)]);
}

test('dpkg agrees', () => {
  for (const [left, right, order] of samplePairs('debian', 150)) {
    const operator = order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq';
    assert.equal(
      spawnSync('dpkg', ['--compare-versions', left, operator, right]).status,
      0,
      `${left} ${operator} ${right}`,
    );
  }
});

test("Python's packaging agrees", () => {
  const pairs = samplePairs('pep440', 2000);
  const script = `import json,sys
from packaging.version import Version as V
print(json.dumps([(V(a)>V(b))-(V(a)<V(b)) for a,b,_ in json.load(sys.stdin)]))`;
  const answers = execFileSync('/usr/bin/python3', ['-c', script], { input: JSON.stringify(pairs), encoding: 'utf8' });
  for (const [index, answer] of (JSON.parse(answers) as number[]).entries()) {
    assert.equal(Math.abs(answer - (pairs[index]?.[2] ?? Number.NaN)), 0, String(pairs[index]));
  }
});

test('PHP agrees on the normal forms of Composer', () => {
  const pairs = samplePairs('composer', 2000);
  const normal = pairs.map((pair) => pair.slice(0, 2).map((text) => parseComposerVersion(String(text))?.join('.')));
  const script =
    'echo json_encode(array_map(fn($p) => version_compare(...$p), json_decode(stream_get_contents(STDIN))));';
  const answers = execFileSync('php', ['-r', script], { input: JSON.stringify(normal), encoding: 'utf8' });
  for (const [index, answer] of (JSON.parse(answers) as number[]).entries()) {
    assert.equal(Math.abs(answer - (pairs[index]?.[2] ?? Number.NaN)), 0, String(pairs[index]));
  }
});
