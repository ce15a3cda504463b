/** Certificates signed: alone here, many together in a thread of their own. */
import { GatheredWork, type ThreadAtNeed } from './gathered-work.ts';
import { type Signing, type SigningResult, signHere } from './signing.ts';

/** Signings of any number of requests. */
export function createSignings(thread: ThreadAtNeed): GatheredWork<Signing, SigningResult> {
  return new GatheredWork(thread, {
    here: signHere,
    inThread: (running, signings) => running.sign(signings),
  });
}
