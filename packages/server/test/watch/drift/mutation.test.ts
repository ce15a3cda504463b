/** Every fourth change of the classifier is noticed by a row of the table; `test/long/drift-mutants.ts` makes all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listMutants } from './mutants.ts';
import { findSurvivors } from './survivors.ts';

test('a change in any comparison, kind, severity or gate is noticed', async () => {
  const mutants = await listMutants();
  assert.ok(mutants.length > 200, `expected many mutants, got ${mutants.length}`);
  assert.deepEqual(await findSurvivors(mutants.filter((_, index) => index % 4 === 0)), []);
});
