/** The keys that a listener knows: channel keys that its trust list vouches for, and the session keys of its own. */

import { TrustError } from '../../errors.ts';
import { maxChannelKeyLength, type VerifiedChannelKey, verifyChannelKey } from '../../frames/channel-key.ts';
import type { FrameKey } from '../../frames/frame-key.ts';
import type { VerifiedTrustList } from '../../updates/verify-trust-list.ts';

/** The most channel keys that are kept: two are in use at a time. */
const maxChannelKeys = 32;

/** Keys by their id. What cannot be verified adds nothing and takes nothing away. */
export class Keyring {
  readonly #now: () => number;
  #trust: VerifiedTrustList | undefined;
  #channelKeys: readonly VerifiedChannelKey[] = [];
  #sessionKeys: readonly FrameKey[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The trust list that vouches for what is here. */
  get trust(): VerifiedTrustList | undefined {
    return this.#trust;
  }

  /** The key `kid`, while the trust list is in force. */
  find(kid: string): FrameKey | undefined {
    const isCovered = (this.#trust?.expiresAt ?? 0) > this.#now();
    const channelKey = isCovered ? this.#channelKeys.find((key) => key.kid === kid) : undefined;
    return channelKey ?? this.#sessionKeys.find((key) => key.kid === kid);
  }

  /** Takes a newer trust list: what it does not vouch for is gone at once. */
  async useTrust(trust: VerifiedTrustList): Promise<void> {
    this.#trust = trust;
    const texts = this.#channelKeys.map(({ text }) => text);
    this.#channelKeys = [];
    await this.addChannelKeys(texts);
  }

  /** Adds the channel keys that verify. Whether one named a push key that the trust list does not hold: there may be a newer list. */
  async addChannelKeys(certificates: readonly string[]): Promise<boolean> {
    let isUnvouched = false;
    for (const text of certificates.slice(0, maxChannelKeys)) {
      if (text.length > maxChannelKeyLength || this.#channelKeys.some((key) => key.text === text)) continue;
      const key = await this.#verify(text);
      if (key === 'unvouched') isUnvouched = true;
      else if (key) this.#channelKeys = [...this.#listLiving(), key].slice(-maxChannelKeys);
    }
    return isUnvouched;
  }

  /** Adds a session key; those before it count until their end. */
  addSessionKey(key: FrameKey): void {
    const living = this.#sessionKeys.filter(({ notAfter, kid }) => notAfter > this.#now() && kid !== key.kid);
    this.#sessionKeys = [...living, key];
  }

  async #verify(text: string): Promise<VerifiedChannelKey | 'unvouched' | undefined> {
    if (!this.#trust) return 'unvouched';
    try {
      return await verifyChannelKey(this.#trust, text, this.#now());
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      return error.code === 'key_unknown' ? 'unvouched' : undefined;
    }
  }

  #listLiving(): readonly VerifiedChannelKey[] {
    return this.#channelKeys.filter(({ notAfter }) => notAfter > this.#now());
  }
}
