/** Base scores as FIRST's own examples and calculators give them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scoreCvss3 } from '../../../src/evidence/vulnerabilities/cvss3.ts';
import { scoreCvss4 } from '../../../src/evidence/vulnerabilities/cvss4.ts';
import { rateSeverity } from '../../../src/evidence/vulnerabilities/severity.ts';

test('CVSS 3 has the scores of its examples', () => {
  for (const [vector, score] of [
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
    ['CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
    ['CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N', 3.1],
    ['CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L', 4.2],
    ['CVSS:3.1/AV:P/AC:H/PR:L/UI:R/S:U/C:H/I:L/A:H', 5.8],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:U/RL:O', 7.5],
  ] as const) {
    assert.equal(scoreCvss3(vector), score, vector);
  }
});

test("CVSS 4 has the scores of FIRST's calculator", () => {
  for (const [vector, score] of [
    ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H', 10],
    ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 9.3],
    ['AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N', 5.1],
    ['AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 7.3],
    ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N', 0],
    ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N/E:U', 8.7],
  ] as const) {
    assert.equal(scoreCvss4(`CVSS:4.0/${vector}`), score, vector);
  }
});

const values = {
  AV: 'NALP',
  AC: 'LH',
  AT: 'NP',
  PR: 'NLH',
  UI: 'NPA',
  VC: 'HLN',
  VI: 'HLN',
  VA: 'HLN',
  SC: 'HLN',
  SI: 'HLN',
  SA: 'HLN',
};
const vectors = fc.record(
  Object.fromEntries(Object.entries(values).map(([name, all]) => [name, fc.constantFrom(...all)])),
);

test('every CVSS 4 vector has a score, and one that is milder in one metric is not scored worse', () => {
  const write = (metrics: Readonly<Record<string, string>>) =>
    `CVSS:4.0/${Object.entries(metrics)
      .map(([name, value]) => `${name}:${value}`)
      .join('/')}`;
  fc.assert(
    fc.property(vectors, fc.constantFrom(...Object.entries(values)), (metrics, [name, all]) => {
      const score = scoreCvss4(write(metrics)) ?? Number.NaN;
      assert.ok(score >= 0 && score <= 10);
      const milder = all[all.indexOf(metrics[name] ?? '') + 1];
      if (milder === undefined) return;
      assert.ok((scoreCvss4(write({ ...metrics, [name]: milder })) ?? Number.NaN) <= score, write(metrics));
    }),
    { numRuns: 2000 },
  );
});

test('what is no vector has no score', () => {
  for (const text of [
    '',
    'CVSS:3.1',
    'CVSS:3.1/AV:N',
    'CVSS:2.0/AV:N',
    'CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    'CVSS:4.0/AV:N',
    'AV:N/AC:L/Au:N/C:P/I:P/A:P',
  ]) {
    assert.deepEqual([scoreCvss3(text), scoreCvss4(text)], [undefined, undefined], text);
  }
});

test('the worst vector decides, then the word of the database, else nobody knows', () => {
  const mild = 'CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N';
  const bad = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N';
  assert.deepEqual(rateSeverity([mild, bad], 'LOW'), { level: 'critical', scoreTenths: 93, vector: bad });
  assert.equal(rateSeverity(['nonsense'], 'MODERATE').level, 'medium');
  assert.equal(rateSeverity([], undefined).level, 'unknown');
});
