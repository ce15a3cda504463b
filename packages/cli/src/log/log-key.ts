/** The verifier key of a transparency log, as people type it. */
import { parsePinnedLog } from '@signpost/protocol/client/check-log';
import { TrustError } from '@signpost/protocol/errors';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { Failure } from '../terminal/failure.ts';

/** The log of a verifier key that was typed. Throws Failure `usage` for what is none. */
export async function readLogKey(text: string): Promise<TrustedLog> {
  return parsePinnedLog(text).catch((error: unknown) => {
    if (!(error instanceof TrustError) && !(error instanceof TypeError)) throw error;
    throw new Failure('usage', 'expected the verifier key of a log, such as updates.example.org/log+91d84f0c+Afc…', {
      hint: '`signpost log show` prints it',
      cause: error,
    });
  });
}
