/**
 * A million damaged notes, checkpoints, keys, tiles, cosignatures and proofs of logs: no error but a refusal, nothing untrue accepted,
 * none over a second, no memory that stays.
 * Run: node -C @signpost/source test/long/tlog-fuzz.ts [count] [seed]
 */
import { fuzzTlog } from '../../packages/protocol/test/fuzz/tlog-fuzz.ts';
import { runFuzz } from './run-fuzz.ts';

await runFuzz(fuzzTlog);
