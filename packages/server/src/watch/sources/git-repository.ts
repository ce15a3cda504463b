/** Git repositories under the names that git and forges write (git-clone(1), "GIT URLS"). */
import { parseHost } from './host.ts';
import type { ParsedSource } from './parsed-source.ts';

/** Forges where a path in another case is the same repository. */
const caselessHosts: ReadonlySet<string> = new Set(['github.com', 'gitlab.com', 'bitbucket.org', 'codeberg.org']);
const segmentPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
// git-check-ref-format(1), as far as names of tags need it.
const tagPattern = /^(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)))[A-Za-z0-9_][A-Za-z0-9._/+-]{0,127}$/;
const maxSegments = 8;

/** Parses `host/owner/repository`, a URL or `git@host:owner/repository`, with `@tag` after it. `undefined`: it is none. */
export function parseGitRepository(text: string): ParsedSource | undefined {
  const bare = text
    .replace(/^(?:git\+)?(?:https?|ssh|git):\/\//i, '')
    .replace(/^\/\//, '')
    .replace(/^git@/, '')
    // The usual ports of ssh and git.
    .replace(/^([^/:]+):(?:22|9418)\//, '$1/');
  const at = bare.indexOf('@');
  const label = at < 0 ? undefined : bare.slice(at + 1);
  const [first = '', ...path] = splitPath(at < 0 ? bare : bare.slice(0, at));
  const host = parseHost(first);
  const last = path.length - 1;
  const names = path.map((name, index) => (index === last ? name.replace(/(?:\.git)+$/i, '') : name));
  const isPath = path.length >= 2 && path.length <= maxSegments && names.every((name) => segmentPattern.test(name));
  if (!host || !isPath || (label !== undefined && !tagPattern.test(label))) return undefined;
  const name = names.join('/');
  return { name: `${host.name}/${caselessHosts.has(host.name) ? name.toLowerCase() : name}`, label };
}

/** `host:owner/repository` is how ssh writes it; a port is a number. */
function splitPath(text: string): readonly string[] {
  const short = /^([^/:[\]]+):(?![0-9]+\/)(.+)$/s.exec(text);
  const path = short ? `${short[1]}/${short[2]}` : text;
  return path.replace(/\/$/, '').split('/');
}
