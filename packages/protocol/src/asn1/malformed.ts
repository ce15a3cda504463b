/** How this folder refuses: always `malformed`, always with what was expected. */
import { TrustError } from '../errors.ts';

/** The refusal `expected …`. */
export function refuseDer(expected: string): TrustError {
  return new TrustError('malformed', `expected ${expected}`);
}
