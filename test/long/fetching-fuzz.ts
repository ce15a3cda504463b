/**
 * A million damaged places, manifests, states and answers of servers: no error but a refusal, none over a second, no memory that stays.
 * Run: node -C @signpost/source test/long/fetching-fuzz.ts [count] [seed]
 */
import { fuzzFetching } from '../../packages/protocol/test/fuzz/fetching-fuzz.ts';
import { runFuzz } from './run-fuzz.ts';

await runFuzz(fuzzFetching);
