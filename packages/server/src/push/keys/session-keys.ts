/** Session keys (HMAC-SHA-256): for frames that a session or API key sends, and for what is answered to them. In memory only, minutes long, gone with their session. */
import { randomBytes } from 'node:crypto';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import {
  openSessionKey,
  type SessionKey,
  sessionKidPrefix,
  sessionSecretBytes,
} from '@signpost/protocol/frames/session-key';
import type { Caller } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createRateLimit, type RateLimit } from '../../http/rate-limit.ts';
import type { Database } from '../../storage/database.ts';
import type { Refusals } from '../refusals.ts';
import type { SampledAudit } from '../sampled-audit.ts';

/** Whom a key is for. */
export interface KeyHolder {
  readonly organisationId: string;
  readonly kind: 'session' | 'api-key';
  readonly id: string;
}

/** A key as it is told once. */
export interface IssuedKey {
  readonly kid: string;
  /** The secret in base64. */
  readonly secret: string;
  readonly channels: readonly string[];
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** What session keys are kept with. */
export interface SessionKeyParts {
  readonly database: Database;
  readonly now: () => number;
  readonly refusals: Refusals;
  /** Told of keys that ended, also while the database is away. */
  readonly ends: Pick<SampledAudit, 'note' | 'flush'>;
}

interface HeldKey {
  readonly key: SessionKey;
  readonly holder: KeyHolder;
}

const lifeMs = 600_000;
const issuedPerMinute = 10;

/** Keys of one holder at a time: the next one overlaps the one before it, in several windows. */
const maxHeld = 20;

/** Frames of one holder that are remembered: above what all connections of one may send in the window. */
const maxFrames = 1024;

/** The session keys of all organisations. */
export class SessionKeys {
  readonly #parts: SessionKeyParts;
  readonly #limit: RateLimit;
  readonly #keys = new Map<string, HeldKey>();
  /** By holder. What was seen is forgotten with the last key. */
  readonly #windows = new Map<string, ReplayWindow>();

  constructor(parts: SessionKeyParts) {
    this.#parts = parts;
    this.#limit = createRateLimit(issuedPerMinute, parts.now);
  }

  /**
   * Makes a key. Throws `rate_limited` above ten a minute and holder, and `conflict` when the holder has too many that have not
   * ended.
   */
  async issue(caller: Caller, holder: KeyHolder): Promise<IssuedKey> {
    try {
      this.#limit.take(nameOf(holder));
      this.#assertRoom(holder);
    } catch (error) {
      this.#parts.refusals.countLimited('session-keys', holder.organisationId);
      throw error;
    }
    const secret = new Uint8Array(randomBytes(sessionSecretBytes));
    const notBefore = this.#parts.now();
    const notAfter = notBefore + lifeMs;
    const kid = `${sessionKidPrefix}${randomBytes(16).toString('base64url')}`;
    const channels = [channelOf(holder)];
    const key = await openSessionKey({ kid, secret, channels, notBefore, notAfter });
    const text = Buffer.from(secret).toString('base64');
    secret.fill(0);
    const object = { kind: 'push-session-key', id: kid };
    const entry = { ...caller, action: 'push_session_key.issued', object, detail: { expires_at: notAfter } } as const;
    await this.#parts.database.transaction((tx) => recordAudits(tx, notBefore, [entry]));
    this.#keys.set(kid, { key, holder });
    return { kid, secret: text, channels, expiresAt: notAfter };
  }

  /** The key of this id, if the holder has it; somebody else's is unknown. */
  find(holder: KeyHolder, kid: string): SessionKey | undefined {
    const held = this.#keys.get(kid);
    return held && nameOf(held.holder) === nameOf(holder) ? held.key : undefined;
  }

  /** What was seen of a holder's frames. */
  windowOf(holder: KeyHolder): ReplayWindow {
    const window = this.#windows.get(nameOf(holder)) ?? new ReplayWindow({ maxFrames });
    this.#windows.set(nameOf(holder), window);
    return window;
  }

  /** Everybody who holds a key. */
  *holders(): Generator<KeyHolder> {
    const seen = new Set<string>();
    for (const { holder } of this.#keys.values()) {
      if (seen.has(nameOf(holder))) continue;
      seen.add(nameOf(holder));
      yield holder;
    }
  }

  /** Ends the keys of a holder at once: the session has ended. */
  async revoke(holder: KeyHolder): Promise<void> {
    await this.#end(({ holder: other }) => nameOf(other) === nameOf(holder), 'revoked');
  }

  /** Forgets keys that have expired. */
  async prune(): Promise<void> {
    const now = this.#parts.now();
    await this.#end(({ key }) => key.notAfter <= now, 'expired');
    const holders = new Set([...this.holders()].map(nameOf));
    for (const name of this.#windows.keys()) if (!holders.has(name)) this.#windows.delete(name);
  }

  #assertRoom(holder: KeyHolder): void {
    const now = this.#parts.now();
    const held = [...this.#keys.values()].filter(
      ({ key, holder: other }) => key.notAfter > now && nameOf(other) === nameOf(holder),
    );
    if (held.length < maxHeld) return;
    throw new Refusal('conflict', `expected at most ${maxHeld} session keys at a time`, {
      rule: 'push-session-keys',
      hint: 'renew a key shortly before it expires, and not for each request',
    });
  }

  async #end(isMeant: (held: HeldKey) => boolean, reason: 'expired' | 'revoked'): Promise<void> {
    const ended = [...this.#keys.values()].filter(isMeant);
    // Gone first: whatever becomes of the audit log, the key signs nothing any more.
    for (const { key } of ended) this.#keys.delete(key.kid);
    const { ends, now } = this.#parts;
    for (const { key, holder } of ended) {
      const subject = { kind: 'push-session-key', id: key.kid, endedAt: reason === 'expired' ? key.notAfter : now() };
      ends.note({ organisationId: holder.organisationId, action: 'push_session_key.ended', reason, subject });
    }
    if (ended.length > 0) await ends.flush();
  }
}

/** The channel that a holder's frames stand on. */
function channelOf({ id }: KeyHolder): string {
  return `session.${id}`;
}

function nameOf({ organisationId, kind, id }: KeyHolder): string {
  return `${organisationId} ${kind} ${id}`;
}
