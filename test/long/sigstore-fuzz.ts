/**
 * A million damaged bundles and trusted roots: no error but a refusal, none over a second, no memory that stays.
 * Run: node -C @signpost/source test/long/sigstore-fuzz.ts [count] [seed]
 */
import { fuzzSigstore } from '../conformance/sigstore/fuzz.ts';
import { runFuzz } from './run-fuzz.ts';

await runFuzz(fuzzSigstore);
