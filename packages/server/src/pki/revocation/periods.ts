/** How long what authorities say about revocation holds (RFC 5280, 5.1.2.5; RFC 6960, 2.4). */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** From one update of a list to the next that is promised. Whoever types a passphrase does it seldom. */
export const listValidityMs = { server: 7 * dayMs, dual: 180 * dayMs } as const;

/** A complete list that deltas are measured from serves for so long. */
export const baseAgeMs: number = dayMs;

/** OCSP answers hold for so long, */
export const answerValidityMs: number = 8 * hourMs;
/** and are signed again after so long. */
export const answerAgeMs: number = hourMs;

/** How long caches between us and the client may keep an answer or a list: revocation must get around. */
export const sharedCacheSeconds = 300;

/** The life of a responder's certificate; it is renewed when half of it is over. */
export const responderDays = { server: 30, dual: 90 } as const;

/** So long before its end, what needs a passphrase to be renewed is named in the status. */
export const warningMs: number = 30 * dayMs;
