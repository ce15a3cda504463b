/** Repositories as certificates name them, however builders write theirs (SPDX 2.3, 7.7 "Package Download Location"; git-clone(1)). */

/** A repository, and who has it. */
export interface NamedRepository {
  /** `https://host/owner/name`, without `git+`, `.git`, credentials and port of its scheme. */
  readonly repository: string;
  /** Everything before the name. Absent: there is nothing before it. */
  readonly owner?: string | undefined;
}

/** The repository of a URL, an SPDX location or `git@host:path`; what is none of these as it stands. */
export function nameRepository(text: string): NamedRepository {
  const bare = text.replace(/^git\+/i, '').replace(/^(?:ssh:\/\/)?git@([^/:]+)[:/](?![0-9]+\/)/i, 'https://$1/');
  const url = URL.parse(bare.replace(/^(?:ssh|git|http):\/\//i, 'https://'));
  if (url?.protocol !== 'https:' || url.hostname === '') return { repository: text };
  const path = url.pathname.replace(/\/+$/, '').replace(/\.git$/i, '');
  const repository = `https://${url.host}${path}`;
  const [, owner] = /^(https:\/\/[^/]+\/.+)\/[^/]+$/.exec(repository) ?? [];
  return { repository, owner };
}
