/** The profile by which an intermediate is made, and made anew: the built-in one, or one of the organisation's own. */
import { isDeepStrictEqual } from 'node:util';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { Refusal } from '../../errors.ts';
import { describeConstraints } from '../profiles/contents.ts';
import { findProfile, type Profile } from '../profiles/profile.ts';
import { type RuleParts, readRules } from '../profiles/rules.ts';
import { assertValidity } from '../profiles/validity.ts';
import type { AuthorityRow } from './store.ts';

/** The profile of intermediates that every organisation has. */
export const usualProfile = 'intermediate';

/** The profile of that name. Throws `not_found`, and `invalid`, rule `profile-kind`, for one that is of no intermediates. */
export async function requireIntermediateProfile(
  parts: Pick<RuleParts, 'database'>,
  organisationId: string,
  name = usualProfile,
): Promise<Profile> {
  const { profiles } = await readRules(parts, organisationId);
  const profile = findProfile(profiles, name);
  if (profile.kind === 'intermediate') return profile;
  throw new Refusal('invalid', `expected a profile of intermediates, got ${name}`, {
    rule: 'profile-kind',
    hint: 'signpost cert profile list',
  });
}

/** The profile of what an authority gets next: the one that it was made by, with its rules of today. A root that others sign is an intermediate to them. Throws as above. */
export function requireProfileOf(parts: Pick<RuleParts, 'database'>, row: AuthorityRow): Promise<Profile> {
  return requireIntermediateProfile(parts, row.organisation_id, row.profile ?? undefined);
}

/**
 * Throws `trust_refused`, rule `profile`, or `invalid`, rule `lifetime`, for a certificate that somebody else signed and that the profile would not have
 * let be: by its path length, life or names.
 */
export function assertByProfile(profile: Profile, certificate: Certificate): void {
  const { basicConstraints, nameConstraints } = certificate.extensions;
  const { pathLength = Number.POSITIVE_INFINITY } = basicConstraints?.value ?? {};
  const { nameConstraints: wanted } = describeConstraints(profile, undefined);
  const { permitted = [], excluded = [] } = wanted ?? {};
  const own = nameConstraints?.value ?? { permitted: [], excluded: [] };
  if (profile.path_length && pathLength > profile.path_length.maximum) {
    throw refuse(profile, `a path length of at most ${profile.path_length.maximum}`);
  }
  assertValidity(profile, certificate);
  // Fewer permitted names bind more, and none at all do not bind.
  const isWider = permitted.length > 0 && (own.permitted.length === 0 || !isAmong(own.permitted, permitted));
  if (isWider || !isAmong(excluded, own.excluded)) throw refuse(profile, 'its name constraints');
}

function isAmong(some: readonly GeneralName[], all: readonly GeneralName[]): boolean {
  return some.every((one) => all.some((known) => isDeepStrictEqual(known, one)));
}

function refuse({ name }: Profile, expected: string): Refusal {
  return new Refusal('trust_refused', `expected ${expected}, as in profile ${name}`, {
    rule: 'profile',
    hint: 'signpost ca root sign --profile, with the file of signpost cert profile show',
  });
}
