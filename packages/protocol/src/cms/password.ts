/** What passwords cost, and how their characters become octets (RFC 7292, appendix B; RFC 8018). */
import { TrustError } from '../errors.ts';

/**
 * Rounds of PBKDF2 that one file may ask for, all its parts together: a few seconds of one core. Files of GnuTLS and NSS,
 * whose rounds are the most, come to 2,400,000.
 */
export const maxIterations = 10_000_000;

/** Counts the rounds that a file asks for, before they are done. */
export class IterationBudget {
  #left = maxIterations;

  /** Throws `malformed` for no rounds at all, `too_large` when the file as a whole asks for too many. */
  spend(iterations: number): void {
    if (iterations < 1) throw new TrustError('malformed', 'expected at least one iteration');
    this.#left -= iterations;
    if (this.#left < 0) throw new TrustError('too_large', `expected at most ${maxIterations} iterations in one file`);
  }
}

/** The refusal of a password, or of a file that was changed: nobody can tell which. */
export function refusePassword(cause?: unknown): TrustError {
  return new TrustError('password_wrong', 'expected the password that the file was written with', { cause });
}

/** UTF-16, big-endian, without an end: BMPString, and characters beyond it as everybody writes them. */
export function encodeUtf16(text: string): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(text.length * 2);
  const view = new DataView(octets.buffer);
  for (let index = 0; index < text.length; index++) view.setUint16(index * 2, text.charCodeAt(index));
  return octets;
}

/** The text of UTF-16 octets. Throws `malformed` when a character is cut in half. */
export function parseUtf16(octets: Uint8Array): string {
  if (octets.length % 2 !== 0) throw new TrustError('malformed', 'expected two octets a character');
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  let text = '';
  for (let at = 0; at < octets.length; at += 2) text += String.fromCharCode(view.getUint16(at));
  return text;
}
