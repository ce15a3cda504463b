/** OSV's evaluation: listed versions, ranges, and what nobody can say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderVersions, type VersionScheme } from '@signpost/protocol/versions/order';
import fc from 'fast-check';
import { judgeVersion } from '../../../src/evidence/vulnerabilities/affected.ts';
import type { RangeEvent } from '../../../src/evidence/vulnerabilities/osv.ts';

function range(...events: readonly (readonly [RangeEvent['kind'], string])[]): readonly RangeEvent[] {
  return events.map(([kind, version]) => ({ kind, version }));
}

function judge(
  version: string,
  ranges: readonly (readonly RangeEvent[])[],
  scheme?: VersionScheme,
  versions: readonly string[] = [],
) {
  return judgeVersion({ versions, ranges }, version, scheme);
}

test('a version is affected from its introduction to its fix, in the order of its ecosystem', () => {
  for (const [scheme, events, version, verdict] of [
    ['semver', range(['introduced', '0'], ['fixed', '4.17.21']), '4.17.20', 'affected'],
    ['semver', range(['introduced', '0'], ['fixed', '4.17.21']), '4.17.21', 'unaffected'],
    ['semver', range(['introduced', '0'], ['fixed', '4.17.21']), '4.17.21-rc.1', 'affected'],
    [
      'semver',
      range(['introduced', '1.0.0'], ['fixed', '1.2.0'], ['introduced', '2.0.0'], ['fixed', '2.1.0']),
      'v2.0.5',
      'affected',
    ],
    ['semver', range(['fixed', '1.2.0'], ['introduced', '2.0.0'], ['introduced', '1.0.0']), '1.5.0', 'unaffected'],
    ['semver', range(['introduced', '1.0.0'], ['last_affected', '1.4.0']), '1.4.0', 'affected'],
    ['semver', range(['introduced', '1.0.0'], ['last_affected', '1.4.0']), '1.4.1', 'unaffected'],
    ['semver', range(['introduced', '0'], ['limit', '2.0.0']), '2.0.0', 'unaffected'],
    ['semver', range(['introduced', '0'], ['limit', '*']), '9.0.0', 'affected'],
    ['semver', range(['introduced', '0']), '0.0.0-20200101000000-abcdefabcdef', 'affected'],
    ['pep440', range(['introduced', '0'], ['fixed', '3.2.10']), '3.2.9.post1', 'affected'],
    ['pep440', range(['introduced', '0'], ['fixed', '3.2.10']), '3.10', 'unaffected'],
    ['debian', range(['introduced', '0'], ['fixed', '7.88.1-10+deb12u5']), '7.88.1-10+deb12u4', 'affected'],
    ['composer', range(['introduced', '5.0.0-RC1'], ['fixed', '5.1']), 'v5.0.0', 'affected'],
    ['composer', range(['introduced', '0'], ['fixed', '5.1']), 'dev-main', 'unknown'],
    ['semver', range(['introduced', '0'], ['fixed', 'not a version']), '1.0.0', 'unknown'],
  ] as const) {
    assert.equal(judge(version, [events], scheme), verdict, `${scheme} ${version}`);
  }
});

test('listed versions go first; without an order ranges decide nothing', () => {
  const ranges = [range(['introduced', '0'], ['fixed', '2'])];
  assert.equal(judge('1.Final', ranges, undefined, ['1.Final']), 'affected');
  assert.equal(judge('1.Other', ranges, undefined, ['1.Final']), 'unaffected');
  assert.equal(judge('1.Final', ranges), 'unknown');
  assert.equal(judge('1.0', [], undefined), 'unaffected');
  assert.equal(judge('1.0', [], 'pep440', ['1.0.0']), 'affected');
});

const numbers = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((parts) => parts.join('.'));

test('the order of the events does not matter, and a fix after every introduction ends it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(numbers, { minLength: 2, maxLength: 6 }), numbers, fc.nat(), (all, version, seed) => {
      const sorted = [...all].sort((left, right) => orderVersions('semver', left, right) ?? 0);
      const events = sorted.map(
        (at, index): RangeEvent => ({ kind: index % 2 === 0 ? 'introduced' : 'fixed', version: at }),
      );
      const turned = events.map((event, index) => events[(index + seed) % events.length] ?? event);
      const before = sorted.filter((at) => (orderVersions('semver', at, version) ?? 1) <= 0).length;
      assert.equal(judge(version, [events], 'semver'), before % 2 === 1 ? 'affected' : 'unaffected');
      assert.equal(judge(version, [turned], 'semver'), judge(version, [events], 'semver'));
    }),
    { numRuns: 500 },
  );
});
