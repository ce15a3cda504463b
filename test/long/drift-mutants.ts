/** Every change of the classifier of the watch, one at a time: `node -C @signpost/source test/long/drift-mutants.ts`. Half a minute. */
import { listMutants } from '../../packages/server/test/watch/drift/mutants.ts';
import { findSurvivors } from '../../packages/server/test/watch/drift/survivors.ts';

const mutants = await listMutants();
const survivors = await findSurvivors(mutants);
for (const survivor of survivors) console.log(`UNNOTICED ${survivor}`);
console.log(`${mutants.length} changes: ${survivors.length} unnoticed`);
process.exitCode = survivors.length === 0 ? 0 : 1;
