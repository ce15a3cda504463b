/** The end that an order asks for (RFC 8555, section 7.4): given exactly, or refused before anybody proves anything. */
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseTime } from '@signpost/protocol/json/fields';
import { Refusal } from '../../../errors.ts';
import type { Database } from '../../../storage/database.ts';
import { findIssuerEnd } from '../../authorities/issuer-end.ts';
import { findProfile } from '../../profiles/profile.ts';
import { readRules } from '../../profiles/rules.ts';
import { decideValidity } from '../../profiles/validity.ts';
import type { Directory, OfferedProfile } from '../directories/directory.ts';
import { AcmeProblem } from '../problem.ts';

/** What an order says of the validity that it wants, and the profile that it chose. */
interface ValidityRequest {
  readonly payload: SignableObject;
  readonly profile: OfferedProfile;
  readonly directory: Directory;
}

/**
 * When the certificate should end, Unix ms, or null when that is left to the profile. Its beginning is for the server to say: it
 * signs no promises for later. Throws `malformed` for an end that no certificate could have, or beyond the profile's maximum or
 * the issuer's own end.
 */
export async function readEnd(
  { database, now }: { readonly database: Database; readonly now: () => number },
  { payload, profile, directory }: ValidityRequest,
): Promise<number | null> {
  if (payload.notBefore !== undefined) throw new AcmeProblem('malformed', 'expected an order without notBefore');
  if (payload.notAfter === undefined) return null;
  const notAfter = parseTime(payload, 'notAfter');
  if (notAfter % 1000 !== 0) throw new AcmeProblem('malformed', 'expected notAfter to be a whole second');
  const { profiles } = await readRules({ database }, directory.organisationId);
  const issuerNotAfter = await findIssuerEnd({ database, now }, directory.organisationId, directory.authority);
  try {
    const wish = { now: now(), notAfter, issuerNotAfter, beyondIssuer: 'refuse' } as const;
    return decideValidity(findProfile(profiles, profile.profile), wish).notAfter;
  } catch (error) {
    throw refuseEnd(error) ?? error;
  }
}

/** What the profile says of an end that it does not give, in ACME's words; undefined for other errors. */
export function refuseEnd(error: unknown): AcmeProblem | undefined {
  const isAboutEnd = error instanceof Refusal && (error.rule === 'lifetime' || error.rule === 'beyond-issuer');
  return isAboutEnd ? new AcmeProblem('malformed', `notAfter: ${error.message}`, { cause: error }) : undefined;
}
