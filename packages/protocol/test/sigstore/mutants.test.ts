/** Nothing in a bundle can be changed, but for what is written here. A short run; each octet: `test/long/bundle-mutants.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutationRecipes, tryMutants } from './mutation.ts';

const entry = 'verificationMaterial.tlogEntries';

/** The fields that nothing authenticates, by the bundles that have them. No verdict depends on any of them. */
const unauthenticated: Readonly<Record<string, readonly string[]>> = {
  // Which place among all trees, and when, only a promise says; the place in the tree is proven.
  'a message in Rekor v1 without a promise': [`${entry}.logIndex`, `${entry}.integratedTime`],
  // Hints which key to take.
  "a key's statement with hints": ['verificationMaterial.publicKey.hint', 'dsseEnvelope.signatures.keyid'],
  // Lines under a checkpoint by witnesses whose keys nobody gave.
  'a message with a cosigned checkpoint': [`${entry}.inclusionProof.checkpoint.envelope`],
};

for (const [name, recipe] of Object.entries(mutationRecipes)) {
  test(`no mutant of ${name} is accepted, but for what nothing authenticates`, async () => {
    const { count, accepted } = await tryMutants(recipe, 13);
    assert.ok(count > 300, `${count} mutants`);
    assert.deepEqual([...accepted.keys()].sort(), [...(unauthenticated[name] ?? [])].sort());
  });
}

test('at most six fields are not authenticated', () => {
  assert.ok(new Set(Object.values(unauthenticated).flat()).size <= 6);
});
