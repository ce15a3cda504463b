/** No line of the classifier can be changed without a row of the table that notices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findBroken } from './broken-rows.ts';
import { listMutants, loadMutant, type Mutant } from './mutants.ts';

/** Changes that change nothing: no two identities have one text, and `same` is what is none of the others. */
const equivalents: ReadonlySet<string> = new Set([
  'drift/compare-identity.ts: return encodeIdentity(left) <= encodeIdentity(right) ? -1 : 1;',
  "drift/compare-identity.ts: if (hasSameName) return 'mutant';",
]);

test('a change in any comparison, kind, severity or gate is noticed', async () => {
  const mutants = await listMutants();
  assert.ok(mutants.length > 200, `expected many mutants, got ${mutants.length}`);
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const name = `${mutant.file}: ${mutant.text.split('\n')[mutant.line - 1]?.trim()}`;
    if (!equivalents.has(name) && !(await isNoticed(mutant))) survivors.push(name);
  }
  assert.deepEqual(survivors, []);
});

/** One that throws is noticed. */
async function isNoticed(mutant: Mutant): Promise<boolean> {
  const classifier = await loadMutant(mutant);
  try {
    return findBroken(classifier).length > 0;
  } catch {
    return true;
  }
}
