/** A short run of the fuzzing; a million are `test/long/sigstore-fuzz.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMissingData, findSuite } from '../suites.ts';
import { fuzzSigstore } from './fuzz.ts';

const skip = findMissingData(findSuite('sigstore'), 'sigstore-conformance');

test('1,000 damaged bundles and trusted roots are accepted or refused, and nothing else', { skip }, async () => {
  const { accepted, refused } = await fuzzSigstore({ count: 1_000, seed: 20_261_121 });
  // Hints may change, and windows that are not asked for; most damage is seen, and not all by the parsers.
  assert.ok(accepted > 0 && accepted < 150, `${accepted} accepted`);
  assert.ok(refused.size >= 8, [...refused.keys()].join(', '));
});
