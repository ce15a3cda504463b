/** Names that travel in signed documents: project slugs, channels, locales, file names, key scopes. */
import { TrustError } from '../errors.ts';

/** A project or collection: 3 to 50 characters, no hyphen at either end. */
export const slugPattern: RegExp = /^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/;

/** A release channel such as `stable` or `beta`. */
export const channelPattern: RegExp = /^[a-z][a-z0-9-]{0,29}$/;

/** A version as it may stand in a path: semver or free, 1 to 64 characters, never `.` or `..`. */
export const versionPattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}$/;

/** A file name as it may stand in a path: no separator, no leading dot, printable ASCII, no end that Windows drops. */
export const fileNamePattern: RegExp = /^[A-Za-z0-9_](?:[A-Za-z0-9._+~@ ()-]{0,126}[A-Za-z0-9_+~@()-])?$/;

/** A locale tag such as `en`, `de-AT`, `zh-Hant` (the shape of BCP 47, not its registry). */
export const localePattern: RegExp = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/;

/** A platform such as `linux-x86_64` or `any`. */
export const platformPattern: RegExp = /^[a-z0-9][a-z0-9_.-]{0,39}$/;

/** The channel when nobody names one. */
export const defaultChannel = 'stable';

/**
 * What a key may sign: every project and collection, one of them, or the packages of one project as WordPress' own updater checks them. The last is
 * no part of `*`: such signatures are over a bare digest, and their key signs nothing else.
 */
export type Scope = '*' | `project:${string}` | `collection:${string}` | `wordpress:${string}`;

/** Parses a scope. Throws `malformed`. */
export function parseScope(text: string): Scope {
  if (text === '*') return text;
  const match = /^(project|collection|wordpress):(.*)$/.exec(text);
  if (!match || !slugPattern.test(match[2] ?? '')) {
    throw new TrustError(
      'malformed',
      'expected a scope such as "*", "project:slug", "collection:slug" or "wordpress:slug"',
    );
  }
  return text as Scope;
}

/** Whether one of `scopes` covers `wanted`: itself, or `*` all but packages for WordPress, whose key may have no other scope besides. */
export function isInScope(scopes: readonly Scope[], wanted: Scope): boolean {
  if (isPackageScope(wanted)) return scopes.includes(wanted) && scopes.every(isPackageScope);
  return scopes.includes('*') || scopes.includes(wanted);
}

function isPackageScope(scope: Scope): boolean {
  return scope.startsWith('wordpress:');
}

/** Parses a host-relative URL path. Throws `malformed` for other hosts, dot segments, queries and fragments. */
export function parseHostRelativeUrl(text: string): string {
  const wellFormed = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+$/.test(text);
  const segments = text.split('/').map((segment) => segment.replaceAll(/%2e/gi, '.'));
  if (!wellFormed || segments.includes('.') || segments.includes('..') || /%(?:2f|5c|00)/i.test(text)) {
    throw new TrustError('malformed', 'expected a host-relative URL such as /project/1.0.0/file.zip');
  }
  return text;
}
