/** Who sees which release: strangers what was published, members of the organisation everything. */
import { Refusal } from '../../errors.ts';
import type { AppEnv } from '../../http/context.ts';
import type { ReleaseRow } from './store.ts';

/** Whether strangers may see and download the release. */
export function isPublic(release: ReleaseRow): boolean {
  return release.deleted_at === null && (release.state === 'active' || release.state === 'superseded');
}

/** Whether whoever asks sees the drafts of project `slug`: a person, or a key or certificate for this project that does more than measure. */
export function mayReadDrafts(principal: AppEnv['Variables']['principal'], slug: string): boolean {
  switch (principal.kind) {
    case 'anonymous':
      return false;
    case 'person':
      return true;
    case 'api-key':
    case 'client-certificate':
      return (
        principal.verbs.some((verb) => verb !== 'metrics' && verb !== 'submit') &&
        ['*', `project:${slug}`].includes(principal.scope)
      );
  }
}

/**
 * Throws `forbidden` when a key or certificate that only uploads adds to a release that was in service before: what is said of it
 * then is for those who manage the project.
 */
export function assertMayAddEvidence(principal: AppEnv['Variables']['principal'], release: ReleaseRow): void {
  if (release.activated_at === null || !('verbs' in principal)) return;
  if (principal.verbs.some((verb) => verb === 'manage' || verb === 'admin')) return;
  throw new Refusal('forbidden', 'a key that uploads adds nothing to a release that was published', {
    rule: 'release-state',
    hint: 'attach it before the release is activated, or by somebody who manages the project',
  });
}
