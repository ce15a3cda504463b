/** Findings as SARIF: one rule for each kind, one result for each finding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSarif } from '../../src/sarif/findings.ts';

const finding = (id: string, kind: string, severity: string) => ({
  ...{ id, kind, severity, state: 'open', title: kind, sentence: 'It differs.', benign: 'a new build machine' },
  ...{ source: 'oci:ghcr.io/org/app', line: null },
});

test('findings of one kind share a rule, and the fingerprint of a result is the id of its finding', () => {
  const document = describeSarif(
    [
      finding('1', 'signature.lost', 'high'),
      finding('2', 'signature.lost', 'medium'),
      finding('3', 'sbom.lost', 'low'),
    ],
    '1.0.0',
  );
  const [run] = JSON.parse(JSON.stringify(document)).runs;
  assert.deepEqual(
    run.tool.driver.rules.map(({ id }: { id: string }) => id),
    ['signature.lost', 'sbom.lost'],
  );
  assert.deepEqual(
    run.results.map((one: { level: string; partialFingerprints: object }) => [one.level, one.partialFingerprints]),
    [
      ['error', { 'signpostFinding/v1': '1' }],
      ['warning', { 'signpostFinding/v1': '2' }],
      ['note', { 'signpostFinding/v1': '3' }],
    ],
  );
  assert.equal(run.results[0].locations[0].logicalLocations[0].fullyQualifiedName, 'oci:ghcr.io/org/app');
});
