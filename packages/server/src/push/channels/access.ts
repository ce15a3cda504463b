/** Who may hear which channels, and how subscriptions name them. */
import { channelNamePattern } from '@signpost/protocol/frames/frame';
import { maxChannels } from '@signpost/protocol/frames/payload';
import { Refusal } from '../../errors.ts';
import type { Principal } from '../../http/context.ts';
import type { Feed, FeedChannel } from '../hub/feed.ts';
import type { Reader } from '../hub/reader.ts';

/** `a,b` as the names of channels: sorted, each once. Throws `invalid` for none, too many, or what cannot be one. */
export function parseNames(text: string): string[] {
  const names = [...new Set(text.split(','))].sort();
  if (names.length > maxChannels || !names.every((name) => channelNamePattern.test(name))) {
    throw new Refusal('invalid', `expected the names of 1 to ${maxChannels} channels, separated by commas`, {
      rule: 'push-channels',
    });
  }
  return names;
}

/**
 * Throws unless `principal` may hear all of `names`: `not_found` for a channel that is not there or that somebody of another
 * organisation asks for, `unauthenticated` for a stranger, `forbidden` for a key of one project or a certificate.
 */
export function assertMayHear(feed: Feed, principal: Principal, names: readonly string[]): void {
  for (const name of names) {
    const channel = feed.channels.get(name);
    if (!channel || channel.removed) throw new Refusal('not_found', `there is no channel ${name}`);
    if (mayHear(principal, channel)) continue;
    if (principal.kind === 'anonymous') {
      throw new Refusal('unauthenticated', `expected a session or an API key for channel ${name}`, {
        hint: 'POST /api/session, or send Authorization: Bearer with an API key that may read',
      });
    }
    throw new Refusal('forbidden', `expected somebody who may read the whole organisation for channel ${name}`, {
      rule: principal.kind === 'client-certificate' ? 'role' : 'key-scope',
    });
  }
}

/** Whether `principal`, of the channel's organisation, may hear it. */
export function mayHear(principal: Principal, { visibility }: Pick<FeedChannel, 'visibility'>): boolean {
  if (visibility === 'public' || principal.kind === 'person') return true;
  return principal.kind === 'api-key' && principal.scope === '*' && principal.verbs.includes('read');
}

/** The principal as its connections are counted and watched. */
export function readerOf(principal: Principal, address: string): Reader {
  switch (principal.kind) {
    case 'person':
      return { principal: { kind: 'session', id: principal.sessionId }, address };
    case 'api-key':
      return { principal: { kind: 'api-key', id: principal.apiKeyId }, address };
    case 'client-certificate':
    case 'anonymous':
      return { principal: undefined, address };
  }
}
