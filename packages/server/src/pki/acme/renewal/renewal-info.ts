/** When a certificate should be renewed (RFC 9773): in the last third of its life, and at once when it is worth nothing any more. */
import type { Database } from '../../../storage/database.ts';
import { requireNamed } from './certificate-id.ts';
import { findIssuerState } from './store.ts';

/** A window in Unix milliseconds; clients choose a moment in it by chance. */
export interface SuggestedWindow {
  readonly start: number;
  readonly end: number;
}

/** Seconds until a client asks again (RFC 9773, 4.3). */
export const renewalPollSeconds: number = 6 * 3600;

const minuteMs = 60_000;

/** The window for the certificate of this name. Throws `malformed` with status 404 when there is none. */
export async function suggestWindow(
  { database, now }: { readonly database: Database; readonly now: () => number },
  organisationId: string,
  name: string,
): Promise<SuggestedWindow> {
  const row = await requireNamed(database.query, organisationId, name);
  const issuer = await findIssuerState(database.query, row);
  const isWorthless = row.state !== 'valid' || issuer === 'revoked';
  return isWorthless ? windowBefore(now()) : windowOf({ notBefore: row.not_before, notAfter: row.not_after });
}

/** From two thirds of the life on, for a tenth of it: late enough to be of use, early enough to fail several times. */
function windowOf({ notBefore, notAfter }: { notBefore: number; notAfter: number }): SuggestedWindow {
  const life = notAfter - notBefore;
  const start = notBefore + Math.floor((life * 2) / 3);
  return { start, end: Math.max(start + minuteMs, start + Math.floor(life / 10)) };
}

// RFC 9773, 4.2: a window that is over says "now".
function windowBefore(now: number): SuggestedWindow {
  return { start: now - 60 * minuteMs, end: now - minuteMs };
}
