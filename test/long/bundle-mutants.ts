/**
 * Every mutant of the minted bundles, each octet changed: which are accepted.
 * Run: node -C @signpost/source test/long/bundle-mutants.ts [stride]
 */
import { mutationRecipes, tryMutants } from '../../packages/protocol/test/sigstore/mutation.ts';

const stride = Number(process.argv[2] ?? 1);

for (const [name, recipe] of Object.entries(mutationRecipes)) {
  const startedAt = performance.now();
  const { count, accepted } = await tryMutants(recipe, stride);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${name}: ${count} mutants in ${seconds} s`);
  for (const [field, changes] of accepted)
    console.log(`  accepted: ${field} (${changes.length}): ${changes.slice(0, 5).join(', ')}`);
}
