/** Attacks of the past are found, or honestly are not; harmless changes stay quiet. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { classify } from '../../../src/watch/drift/classify.ts';
import { isAtLeast } from '../../../src/watch/findings/severity.ts';
import { benignCases } from './benign-cases.ts';
import { classifyIncident, describeIncidents, judgeIncident } from './incident-table.ts';
import { incidents } from './incidents.ts';
import { sightingOf } from './scene.ts';

describe('an attack', () => {
  for (const incident of incidents) {
    test(`${incident.name} is ${incident.verdict}`, () => {
      const found = classifyIncident(incident);
      assert.deepEqual(
        found.map((findings) => findings.map(({ kind }) => kind)),
        incident.findings,
      );
      assert.equal(judgeIncident(found), incident.verdict);
    });
  }

  test('is one of the 20 of the research', () => {
    assert.equal(incidents.length, 20);
  });
});

describe('no attack', () => {
  for (const { name, sighting, findings, named } of benignCases) {
    test(name, () => {
      const found = classify(sightingOf(sighting));
      assert.deepEqual(
        found.map(({ kind }) => kind),
        findings,
      );
      // Only what the table names asks a person.
      assert.equal(
        found.some(({ severity }) => isAtLeast(severity, 'medium')),
        named ?? false,
      );
    });
  }
});

test('the tables of docs/watch.md are these (SIGNPOST_WRITE_DOCS=1 writes them)', async () => {
  const path = join(import.meta.dirname, '../../../../../docs/watch.md');
  const text = await readFile(path, 'utf8');
  const [begin, end] = ['<!-- incidents -->\n', '\n<!-- /incidents -->'];
  const [head, rest = ''] = text.split(begin);
  const [block, tail] = rest.split(end);
  if (process.env.SIGNPOST_WRITE_DOCS === '1') {
    await writeFile(path, `${head}${begin}${describeIncidents()}${end}${tail}`);
  } else {
    assert.equal(block, describeIncidents());
  }
});
