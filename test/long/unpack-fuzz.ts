/**
 * A million damaged archives, unpacked by the command: nothing outside of their folder, no error but a refusal, none over a second.
 * Run: node -C @signpost/source test/long/unpack-fuzz.ts [count] [seed]
 */
import { fuzzUnpacking } from '../fuzz/unpacking.ts';
import { runFuzz } from './run-fuzz.ts';

await runFuzz(fuzzUnpacking);
