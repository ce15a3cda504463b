/** The address of a plugin's repository: below a host that the operator lists, since a password goes there. */
import { Refusal } from '../../errors.ts';

const maxCharacters = 500;

/** The directory's own repository of a slug. */
export function defaultRepository(slug: string): string {
  return `https://plugins.svn.wordpress.org/${slug}`;
}

/**
 * The address without a slash at its end. Throws `invalid`: rule `repository-url` for what is no plain URL, rule `repository-host` for a host that is
 * not in `hosts` (as `https://host`).
 */
export function parseRepository(text: string, hosts: readonly string[]): string {
  const url = text.length > maxCharacters ? null : URL.parse(text);
  const isPlain =
    url !== null && /^(?:https|http|svn):$/.test(url.protocol) && url.username === '' && url.password === '';
  // Escaped and unusual characters would have to be spelled the same by Subversion.
  if (!isPlain || !/^(?:\/[A-Za-z0-9._~-]+)+\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new Refusal(
      'invalid',
      'expected the address of a repository, such as https://plugins.svn.wordpress.org/my-plugin',
      {
        rule: 'repository-url',
        hint: 'leave user, password, query and special characters out',
      },
    );
  }
  const host = `${url.protocol}//${url.host}`;
  if (!hosts.includes(host)) throw refuseHost('invalid', host);
  return `${host}${url.pathname.replace(/\/$/, '')}`;
}

/** Throws `conflict`, rule `repository-host`, for a repository whose host the operator lists no more: the password goes there no more. */
export function assertStillListed(repository: string, hosts: readonly string[]): void {
  const { protocol, host } = new URL(repository);
  if (!hosts.includes(`${protocol}//${host}`)) throw refuseHost('conflict', `${protocol}//${host}`);
}

function refuseHost(code: 'invalid' | 'conflict', host: string): Refusal {
  return new Refusal(code, `expected a host that the operator lists, got ${host}`, {
    rule: 'repository-host',
    hint: 'SIGNPOST_WORDPRESS_HOSTS on the server lists the hosts that passwords may be shown to',
  });
}
