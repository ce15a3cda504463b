/** The profile by which an intermediate is made, and made anew: the built-in one, or one of the organisation's own. */
import { Refusal } from '../../errors.ts';
import { findProfile, type Profile } from '../profiles/profile.ts';
import { type RuleParts, readRules } from '../profiles/rules.ts';
import type { OwnCertificate } from './authority.ts';

/** The profile of that name. Throws `not_found`, and `invalid`, rule `profile-kind`, for one that is of no intermediates. */
export async function requireIntermediateProfile(
  parts: Pick<RuleParts, 'database'>,
  organisationId: string,
  name = 'intermediate',
): Promise<Profile> {
  const { profiles } = await readRules(parts, organisationId);
  const profile = findProfile(profiles, name);
  if (profile.kind === 'intermediate') return profile;
  throw new Refusal('invalid', `expected a profile of intermediates, got ${name}`, {
    rule: 'profile-kind',
    hint: 'signpost cert profile list',
  });
}

/** The profile of what an authority gets next: that of `last`, by its rules of today. A root that others sign is an intermediate to them. Throws as above. */
export function requireProfileOf(parts: Pick<RuleParts, 'database'>, { row }: OwnCertificate): Promise<Profile> {
  return requireIntermediateProfile(parts, row.organisation_id, row.profile === 'root' ? undefined : row.profile);
}
