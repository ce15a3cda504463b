/**
 * A million damaged certificates, requests, lists, answers, messages and keys: no error but a refusal, none over a second, no
 * memory that stays.
 * Run: node -C @signpost/source test/long/der-fuzz.ts [count] [seed]
 */
import { fuzzDer } from '../../packages/protocol/test/fuzz/der-fuzz.ts';
import { runFuzz } from './run-fuzz.ts';

await runFuzz(fuzzDer);
