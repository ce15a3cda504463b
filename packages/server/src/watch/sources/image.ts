/** References of images as Docker's clients read them (distribution/reference): Docker Hub has many names and is one registry. */
import { repositoryPattern, tagPattern } from '@signpost/protocol/fetching/location';
import { parseHost } from './host.ts';
import type { ParsedSource } from './parsed-source.ts';

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** The one name that all names of Docker Hub stand for. */
const hub = 'docker.io';
const hubNames: ReadonlySet<string> = new Set([
  hub,
  ...['index', 'registry', 'registry-1'].map((service) => `${service}.${hub}`),
  ...['registry'].map((service) => `${service}.hub.docker.com`),
]);
const maxRepositoryLength = 255;

/** Parses `[host/]repository[:tag][@digest]`. `undefined`: it is none. */
export function parseImage(text: string): ParsedSource | undefined {
  const [path = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) return undefined;
  const colon = path.indexOf(':', path.lastIndexOf('/') + 1);
  const label = colon < 0 ? undefined : path.slice(colon + 1);
  const bare = colon < 0 ? path : path.slice(0, colon);
  if (label !== undefined && !tagPattern.test(label)) return undefined;
  const place = locate(bare);
  return place === undefined ? undefined : { name: place, label, digest };
}

function locate(path: string): string | undefined {
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  // Docker's rule: what could be a repository's first part is one, unless a host shows by dot, colon or name.
  const isHost = /[.:[]/.test(first) || first.toLowerCase() === 'localhost';
  const host = isHost ? parseHost(first)?.name : hub;
  const repository = isHost ? path.slice(slash + 1) : path;
  if (host === undefined || repository.length > maxRepositoryLength || !repositoryPattern.test(repository)) {
    return undefined;
  }
  if (!hubNames.has(host)) return `${host}/${repository}`;
  return `${hub}/${repository.includes('/') ? repository : `library/${repository}`}`;
}
