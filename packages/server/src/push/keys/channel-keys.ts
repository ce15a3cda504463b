/** Channel keys: Ed25519, minutes long, in memory only, certified by the push key, published before they are used. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { verifyChannelKey, writeChannelKey } from '@signpost/protocol/frames/channel-key';
import type { FrameSigner } from '@signpost/protocol/frames/frame-key';
import type { BaseLogger } from 'pino';
import { Refusal } from '../../errors.ts';
import { createQueue } from '../../storage/turns.ts';
import { type OpenPushKey, openPushKey, type PushKeyParts, settlePushKey } from './push-key.ts';

/** A channel key that this process holds. */
interface HeldKey {
  readonly signer: FrameSigner;
  /** Its certificate, in canonical JSON. */
  readonly certificate: string;
  /** Unix milliseconds: it signs from here, and no longer than to there. */
  readonly signsFrom: number;
  readonly signsUntil: number;
  readonly notAfter: number;
}

/** How long channel keys live, in milliseconds. */
export interface ChannelKeyTimes {
  /** How long one signs. */
  readonly signsMs: number;
  /** How long before its use it is published. */
  readonly publishedMs: number;
  /** How long what it signed last is accepted after that. */
  readonly graceMs: number;
}

/** 9.5 minutes of signing, published 2 minutes before, accepted for 30 seconds after. */
export const channelKeyTimes: ChannelKeyTimes = { signsMs: 570_000, publishedMs: 120_000, graceMs: 30_000 };

/** Clocks of listeners that go behind by so much still find a new key in force. */
const skewMs = 5000;

/** After a key could not be made, nobody asks vault and trust list again for so long. */
const retryMs = 1000;

/** What channel keys are made with. */
export interface ChannelKeyParts extends PushKeyParts {
  readonly log: Pick<BaseLogger, 'warn'>;
  readonly times: ChannelKeyTimes;
  /** Called when an organisation has a key more, before its use. */
  readonly published: (organisationId: string, certificates: readonly string[]) => void;
}

interface Ring {
  keys: readonly HeldKey[];
  /** Why there is no key, and since when. */
  failure: { readonly reason: KeyFailure; readonly at: number } | undefined;
  readonly enqueue: ReturnType<typeof createQueue>;
}

/** Why nothing can be signed. */
export type KeyFailure = 'push-not-vouched' | 'vault-locked';

/** The channel keys of all organisations. */
export class ChannelKeys {
  readonly #parts: ChannelKeyParts;
  readonly #times: ChannelKeyTimes;
  readonly #rings = new Map<string, Ring>();

  constructor(parts: ChannelKeyParts) {
    this.#parts = parts;
    this.#times = parts.times;
  }

  /** What signs for an organisation now; undefined while nothing may. Makes and publishes the next key when it is time. */
  async findSigner(organisationId: string): Promise<FrameSigner | undefined> {
    const now = this.#parts.now();
    const ring = this.#ringOf(organisationId);
    const current = findCurrent(ring, now);
    if (current && !this.#isNextDue(ring, current, now)) return current.signer;
    await ring.enqueue(() => this.#renew(organisationId, ring));
    return findCurrent(ring, this.#parts.now())?.signer;
  }

  /** The certificates of the keys that are accepted now or soon, the one in use first. Empty while nothing may sign. */
  async listCertificates(organisationId: string): Promise<readonly string[]> {
    await this.findSigner(organisationId);
    return this.#listHeld(organisationId);
  }

  /** The same, where a key signs and the next one is not due yet. */
  findCertificates(organisationId: string): readonly string[] | undefined {
    const now = this.#parts.now();
    const ring = this.#ringOf(organisationId);
    const current = findCurrent(ring, now);
    return current && !this.#isNextDue(ring, current, now) ? this.#listHeld(organisationId) : undefined;
  }

  /** Why an organisation has no key; undefined while it has one or nobody has asked. */
  failureOf(organisationId: string): KeyFailure | undefined {
    return this.#rings.get(organisationId)?.failure?.reason;
  }

  /** How long the keys in use have signed, the oldest of them in milliseconds, and why organisations have none. */
  survey(): { readonly oldestMs: number; readonly failures: readonly KeyFailure[] } {
    const now = this.#parts.now();
    const rings = [...this.#rings.values()];
    const ages = rings.map((ring) => now - (findCurrent(ring, now)?.signsFrom ?? now));
    return { oldestMs: Math.max(0, ...ages), failures: rings.flatMap(({ failure }) => failure?.reason ?? []) };
  }

  /** Drops the keys: another trust list, or another push key, may be in force. */
  forget(organisationId: string): void {
    this.#rings.delete(organisationId);
  }

  /** Drops all failures: the vault may be open. */
  retry(): void {
    for (const ring of this.#rings.values()) ring.failure = undefined;
  }

  #listHeld(organisationId: string): string[] {
    const now = this.#parts.now();
    return listTexts(this.#ringOf(organisationId).keys.filter(({ notAfter }) => notAfter > now));
  }

  #ringOf(organisationId: string): Ring {
    const ring = this.#rings.get(organisationId) ?? { keys: [], failure: undefined, enqueue: createQueue() };
    this.#rings.set(organisationId, ring);
    return ring;
  }

  #isNextDue({ keys }: Ring, current: HeldKey, now: number): boolean {
    return now >= current.signsUntil - this.#times.publishedMs && keys.at(-1) === current;
  }

  async #renew(organisationId: string, ring: Ring): Promise<void> {
    const { now } = this.#parts;
    const current = findCurrent(ring, now());
    if (current && !this.#isNextDue(ring, current, now())) return;
    if (ring.failure && Math.abs(now() - ring.failure.at) < retryMs) return;
    const made = await this.#make(organisationId, current);
    ring.failure = typeof made === 'string' ? { reason: made, at: now() } : undefined;
    ring.keys = ring.keys.filter(({ notAfter }) => notAfter > now());
    if (typeof made === 'string') return;
    ring.keys = [...ring.keys, made];
    this.#parts.published(organisationId, listTexts(ring.keys));
  }

  async #make(organisationId: string, current: HeldKey | undefined): Promise<HeldKey | KeyFailure> {
    try {
      await settlePushKey(this.#parts, organisationId);
      const pushKey = await openPushKey(this.#parts, organisationId);
      if (!pushKey) return 'push-not-vouched';
      return await this.#certify(pushKey, current?.signsUntil ?? this.#parts.now());
    } catch (err) {
      if (err instanceof Refusal && err.code === 'vault_locked') return 'vault-locked';
      this.#parts.log.warn({ err, organisationId }, 'no channel key could be made');
      return 'push-not-vouched';
    }
  }

  async #certify({ signer, entry, trust }: OpenPushKey, signsFrom: number): Promise<HeldKey> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { signsMs, graceMs } = this.#times;
    const now = this.#parts.now();
    // A channel key never outlives what vouches for it.
    const notAfter = Math.min(signsFrom + signsMs + graceMs, entry.notAfter ?? Number.POSITIVE_INFINITY);
    const certificate = await writeChannelKey(signer, {
      pubkeyB64: rawKeyOf(publicKey),
      channels: ['*'],
      notBefore: Math.max(now - skewMs, entry.notBefore ?? 0),
      notAfter,
    });
    // What a listener would refuse is not served.
    const { kid } = await verifyChannelKey(trust, certificate, now);
    const signsUntil = notAfter - graceMs;
    return { certificate, notAfter, signsFrom, signsUntil, signer: { kid, sign: signerOf(privateKey) } };
  }
}

function listTexts(keys: readonly HeldKey[]): string[] {
  return keys.map(({ certificate }) => certificate);
}

function findCurrent({ keys }: Ring, now: number): HeldKey | undefined {
  return keys.find(({ signsFrom, signsUntil }) => signsFrom <= now && now < signsUntil);
}

// Synchronous on purpose: a promise round trip through the platform's pool costs more than the signature.
function signerOf(key: KeyObject): FrameSigner['sign'] {
  return (message) => new Uint8Array(sign(null, message, key));
}

function rawKeyOf(key: KeyObject): string {
  const { x = '' } = key.export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}
