/** Signatures of requests, checked: alone in the pool, many together in a thread of their own. */
import { type CheckResult, checkInPool, type SignatureCheck } from './check.ts';
import { GatheredWork, type ThreadAtNeed } from './gathered-work.ts';

/** Checks of any number of requests. */
export function createSignatureChecks(thread: ThreadAtNeed): GatheredWork<SignatureCheck, CheckResult> {
  return new GatheredWork(thread, {
    here: checkInPool,
    inThread: (running, checks) => running.check(checks),
  });
}
