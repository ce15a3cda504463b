/** What is wrong, or will be, with what an authority says about revocation, where nothing mends it by itself. */
import { warningMs } from './periods.ts';
import type { ListFacts } from './store.ts';

/** What the judgement goes by. */
export interface RevocationFacts {
  readonly custody: 'dual' | 'server' | 'offline';
  readonly lists: readonly ListFacts[];
  /** Whether certificates were revoked or released since the newest list. */
  readonly behind: boolean;
  /** Until when there is a key that answers by OCSP, Unix ms; null when there is none now. */
  readonly responderUntil: number | null;
}

/** Something that somebody has to do. */
export interface RevocationTrouble {
  readonly code: 'crl-missing' | 'crl-behind' | 'crl-ending' | 'crl-ended' | 'ocsp-missing' | 'ocsp-ending';
  /** What, and the way to mend it. */
  readonly message: string;
}

const acts = {
  dual: 'publish it with the passphrase',
  offline: 'import one that the offline machine made',
  server: 'it is made by itself while the vault is open',
} as const;

/** What somebody has to do at `now`, or had to; of an authority that the server itself signs for, only what it failed to do in time. */
export function judgeRevocation(facts: RevocationFacts, now: number): readonly RevocationTrouble[] {
  return [...judgeList(facts, now), ...judgeResponder(facts, now)];
}

function judgeList({ custody, lists, behind }: RevocationFacts, now: number): RevocationTrouble[] {
  // The list of all certificates is what clients go by.
  const complete = lists.find(({ kind, part }) => kind === 'complete' && part === '');
  const act = acts[custody];
  if (!complete) {
    if (custody === 'server') return [];
    return [{ code: 'crl-missing', message: `no revocation list is published: ${act}` }];
  }
  if (complete.next_update <= now) {
    const since = new Date(complete.next_update).toISOString();
    return [{ code: 'crl-ended', message: `the revocation list ended ${since}: ${act}` }];
  }
  if (behind && custody !== 'server') {
    return [{ code: 'crl-behind', message: `the revocation list does not hold what was revoked since: ${act}` }];
  }
  if (complete.next_update - now >= noticeMs(custody, complete)) return [];
  return [
    {
      code: 'crl-ending',
      message: `the revocation list ends ${new Date(complete.next_update).toISOString()}: ${act}`,
    },
  ];
}

/** The server makes a list again when half of its time is over, so that less than a quarter is late. */
function noticeMs(custody: RevocationFacts['custody'], { this_update, next_update }: ListFacts): number {
  const lifeMs = next_update - this_update;
  return custody === 'server' ? lifeMs / 4 : Math.min(warningMs, lifeMs / 2);
}

function judgeResponder({ custody, responderUntil }: RevocationFacts, now: number): RevocationTrouble[] {
  if (custody !== 'dual') return [];
  const act = 'publish the list with the passphrase';
  if (responderUntil === null) return [{ code: 'ocsp-missing', message: `nobody answers by OCSP: ${act}` }];
  if (responderUntil - now >= warningMs) return [];
  return [{ code: 'ocsp-ending', message: `OCSP ends ${new Date(responderUntil).toISOString()}: ${act}` }];
}
