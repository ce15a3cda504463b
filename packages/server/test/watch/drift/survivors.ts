/** Changes of the classifier that no row of the table notices. */
import { findBroken } from './broken-rows.ts';
import { loadMutant, type Mutant } from './mutants.ts';

/** Changes that change nothing: no two identities have one text, and `same` is what is none of the others. */
const equivalents: ReadonlySet<string> = new Set([
  'drift/compare-identity.ts: return encodeIdentity(left) <= encodeIdentity(right) ? -1 : 1;',
  "drift/compare-identity.ts: if (hasSameName) return 'mutant';",
]);

/** Those that nobody notices, by file and line. */
export async function findSurvivors(mutants: readonly Mutant[]): Promise<readonly string[]> {
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const name = `${mutant.file}: ${mutant.text.split('\n')[mutant.line - 1]?.trim()}`;
    if (!equivalents.has(name) && !(await isNoticed(mutant))) survivors.push(name);
  }
  return survivors;
}

/** One that throws is noticed. */
async function isNoticed(mutant: Mutant): Promise<boolean> {
  const classifier = await loadMutant(mutant);
  try {
    return findBroken(classifier).length > 0;
  } catch {
    return true;
  }
}
