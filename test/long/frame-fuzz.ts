/**
 * A million damaged frames, certificates of their keys, cursors and event streams: no error but a refusal, none over a second, no memory that stays.
 * Run: node -C @signpost/source test/long/frame-fuzz.ts [count] [seed]
 */
import { fuzzFrames } from '../../packages/protocol/test/fuzz/frame-fuzz.ts';
import { runFuzz } from './run-fuzz.ts';

await runFuzz(fuzzFrames);
