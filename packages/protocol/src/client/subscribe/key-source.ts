/** Fetches what frames are verified with: the trust list, the certificates of channel keys, session keys. Seldom, whoever asks for it. */
import { parseBase64 } from '../../bytes/base64.ts';
import { parseText } from '../../bytes/text.ts';
import { TrustError } from '../../errors.ts';
import { openSessionKey, type SessionKey } from '../../frames/session-key.ts';
import { parseArray, parseObject, parseString, parseTime } from '../../json/fields.ts';
import { parseSignable } from '../../json/parse.ts';
import type { VerifiedTrustList } from '../../updates/verify-trust-list.ts';
import { readBounded } from '../chunks.ts';
import { fetchMetadata, refuseResponse, send, type Transport } from '../transport.ts';
import { parseKeys } from './connection.ts';
import type { Keyring } from './keyring.ts';

/** The largest answer with keys. */
const maxKeysBytes = 65_536;

/** Keys are fetched no oftener than this: unknown ids in a stream must not make us attack the server. */
const keysPauseMs = 5000;

/** The trust list is fetched no oftener than this on account of keys that it does not vouch for. */
const trustPauseMs = 30_000;

/** A session key is renewed when this share of its life is left, so that the next one overlaps it. */
const renewalShare = 0.25;

/** What keys are fetched with. */
export interface KeySourceParts {
  readonly transport: Transport;
  readonly keyring: Keyring;
  readonly refreshTrust: () => Promise<VerifiedTrustList>;
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsed: () => number;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly credentials: RequestCredentials;
  /** Whether session keys are wanted. */
  readonly session: boolean;
}

/** Keeps a keyring filled. What fails is tried again later, and nothing good is forgotten for it. */
export class KeySource {
  readonly #parts: KeySourceParts;
  #keysAt = Number.NEGATIVE_INFINITY;
  #trustAt = Number.NEGATIVE_INFINITY;
  #renewAt = Number.NEGATIVE_INFINITY;
  #sessionKey: SessionKey | undefined;

  constructor(parts: KeySourceParts) {
    this.#parts = parts;
  }

  /** The session key to sign with; `undefined` while there is none in force. */
  get sessionKey(): SessionKey | undefined {
    return this.#sessionKey && this.#sessionKey.notAfter > this.#parts.now() ? this.#sessionKey : undefined;
  }

  /** Fetches and verifies the trust list. Throws as `Updater.refreshTrust`. */
  async refreshTrust(): Promise<void> {
    const { elapsed, keyring, refreshTrust } = this.#parts;
    this.#trustAt = elapsed();
    await keyring.useTrust(await refreshTrust());
  }

  /** Takes certificates that came with the frames. */
  async take(certificates: readonly string[]): Promise<void> {
    const { keyring, elapsed } = this.#parts;
    if (!(await keyring.addChannelKeys(certificates)) || elapsed() - this.#trustAt < trustPauseMs) return;
    await this.refreshTrust();
    await keyring.addChannelKeys(certificates);
  }

  /** Fetches the channel keys, unless that was done just now. Never throws for what the server does. */
  async findKeys(): Promise<void> {
    const { transport, elapsed } = this.#parts;
    if (elapsed() - this.#keysAt < keysPauseMs) return;
    this.#keysAt = elapsed();
    await forgive(async () => {
      const bytes = await fetchMetadata(transport, '/api/push/keys', maxKeysBytes);
      if (bytes) await this.take(parseKeys(parseText(bytes)));
    });
  }

  /** Fetches the first session key, or the next before the last one ends. Never throws for what the server does. */
  async renewSessionKey(): Promise<void> {
    const { session, elapsed, keyring, now } = this.#parts;
    if (!session || elapsed() < this.#renewAt) return;
    this.#renewAt = elapsed() + keysPauseMs;
    await forgive(async () => {
      const key = await openSessionKey(await this.#askForSessionKey());
      keyring.addSessionKey(key);
      this.#sessionKey = key;
      this.#renewAt = elapsed() + Math.max(keysPauseMs, (key.notAfter - now()) * (1 - renewalShare));
    });
  }

  async #askForSessionKey() {
    const { transport, headers, credentials, now } = this.#parts;
    const url = `${transport.base}/api/push/keys`;
    const init = { method: 'POST', headers: { ...headers(), 'x-signpost-request': '1' }, credentials };
    const response = await send(transport, url, init);
    if (!response.ok || !response.body) throw await refuseResponse(response, url);
    const answer = parseObject(parseSignable(await readBounded(response.body, maxKeysBytes), maxKeysBytes), 'a key');
    if (answer.algorithm !== 'sha256') throw new TrustError('algorithm_unsupported', 'expected a key for HMAC-SHA-256');
    return {
      kid: parseString(answer, 'kid', 64),
      secret: parseBase64(parseString(answer, 'secret', 44)),
      channels: parseArray(answer, 'channels').filter((name) => typeof name === 'string'),
      notBefore: now(),
      notAfter: parseTime(answer, 'expiresAt'),
    };
  }
}

async function forgive(attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
  }
}
