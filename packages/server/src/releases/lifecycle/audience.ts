/** Who sees which release: strangers what was published, members of the organisation everything. */
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
      return principal.verbs.some((verb) => verb !== 'metrics') && ['*', `project:${slug}`].includes(principal.scope);
  }
}
