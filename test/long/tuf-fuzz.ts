/**
 * A million damaged TUF metadata files: no error but a refusal, none over a second, no memory that stays.
 * Run: node -C @signpost/source test/long/tuf-fuzz.ts [count] [seed]
 */
import { fuzzTuf } from '../../packages/protocol/test/fuzz/tuf-fuzz.ts';
import { runFuzz } from './run-fuzz.ts';

await runFuzz(fuzzTuf);
