/** Records of OSV, and every way to refuse one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import fc from 'fast-check';
import { keyOfComponent, keyOfPackage } from '../../../src/evidence/vulnerabilities/ecosystems.ts';
import { parseOsvRecord } from '../../../src/evidence/vulnerabilities/osv.ts';
import { createOsv } from './records.ts';

function parse(record: unknown, ecosystem = 'npm') {
  return parseOsvRecord(Buffer.from(JSON.stringify(record)), ecosystem);
}

test('a record is read as far as its ecosystem is concerned', () => {
  const record = createOsv('GHSA-1', 'lodash', '4.17.21', {
    aliases: ['CVE-2021-23337'],
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H' }],
  });
  (record.affected as object[]).push({
    package: { ecosystem: 'RubyGems', name: 'lodash-rails' },
    ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }],
  });
  const npm = parse(record);
  assert.deepEqual([npm?.id, npm?.aliases, npm?.severity.level], ['GHSA-1', ['CVE-2021-23337'], 'high']);
  assert.deepEqual(npm?.packages, [
    {
      key: 'npm/lodash',
      branch: undefined,
      affected: {
        versions: [],
        ranges: [
          [
            { kind: 'introduced', version: '0' },
            { kind: 'fixed', version: '4.17.21' },
          ],
        ],
      },
    },
  ]);
  assert.deepEqual(parse(record, 'RubyGems')?.packages[0]?.affected.ranges, []);
  assert.equal(parse(record, 'PyPI'), undefined);
  assert.equal(parse({ ...record, withdrawn: '2026-01-01T00:00:00Z' }), undefined);
});

test('names of packages are the same however they are written', () => {
  for (const [ecosystem, name, type, component] of [
    ['PyPI', 'Foo.Bar_baz', 'pypi', 'foo-bar-baz'],
    ['npm', '@angular/core', 'npm', '@angular/core'],
    ['Go', 'github.com/Masterminds/goutils', 'golang', 'github.com/Masterminds/goutils'],
    ['Packagist', 'Symfony/HTTP-kernel', 'composer', 'symfony/http-kernel'],
    ['Maven', 'org.apache:log4j', 'maven', 'org.apache/log4j'],
    ['Debian', 'curl', 'deb', 'debian/curl'],
  ] as const) {
    assert.equal(keyOfPackage(ecosystem, name), keyOfComponent(type, component)?.key, name);
    assert.equal(keyOfComponent(type, component)?.ecosystem, ecosystem);
  }
  assert.equal(keyOfPackage('constructor', 'a'), undefined);
  assert.equal(keyOfComponent('deb', 'kali/curl'), undefined);
});

for (const [why, record] of [
  ['no object', []],
  ['no id', { modified: '2026-01-01T00:00:00Z' }],
  ['no time', { id: 'a' }],
  ['a package without a name', createOsv('a', '', '1.0.0')],
  [
    'an event of two kinds',
    {
      ...createOsv('a', 'b', '1'),
      affected: [
        {
          package: { ecosystem: 'npm', name: 'b' },
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0', fixed: '1' }] }],
        },
      ],
    },
  ],
] as const) {
  test(`a record with ${why} is refused`, () => {
    assert.throws(() => parse(record), { code: 'malformed' });
  });
}

test('any JSON is read or refused with a code', () => {
  const base = createOsv('GHSA-1', 'lodash', '4.17.21');
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(base)), fc.jsonValue(), (name, value) => {
      try {
        parse({ ...base, [name]: value });
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
