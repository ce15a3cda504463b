/** The keys of OIDC issuers, found by discovery (OpenID Connect Discovery 1.0, section 4; RFC 7517). */
import { TrustError } from '@signpost/protocol/errors';
import { interpretObject, interpretOptionalArray, interpretOptionalText } from '@signpost/protocol/intoto/members';
import { convertJwk, parseJwk } from '@signpost/protocol/jose/jwk';
import { type JsonObject, type JsonValue, parseForeignJson } from '@signpost/protocol/json/foreign';
import { importSubjectKey, type VerificationKey } from '@signpost/protocol/keys/verification-key';
import { Refusal } from '../../errors.ts';
import type { AddressPolicy } from '../../http/outgoing/address-policy.ts';
import { parseOutgoingBase } from '../../http/outgoing/base-url.ts';
import type { Fetch } from '../../http/outgoing/fetch.ts';

/** The algorithms that a key may be for; which one it is says the key, never the token. */
type TokenAlgorithm = 'RS256' | 'ES256';

/** A key of an issuer. */
export interface IssuerKey {
  readonly id: string;
  readonly algorithm: TokenAlgorithm;
  readonly key: VerificationKey;
}

/** What keys are asked for with. */
export interface IssuerKeyParts {
  /** Undefined when the server asks nobody. */
  readonly outgoing: Fetch | undefined;
  readonly addresses: AddressPolicy;
  readonly now: () => number;
}

const maxDocumentBytes = 64 * 1024;
const maxKeySetBytes = 256 * 1024;
const maxKeys = 100;
const timeLimitMs = 10_000;

/** Keys are asked for again after an hour, and for a key that is not among them at most twice a minute. */
const freshMs = 60 * 60_000;
const minIntervalMs = 30_000;

interface Kept {
  readonly askedAt: number;
  readonly freshUntil: number;
  /** Rejects when the issuer could not be asked. */
  readonly keys: Promise<ReadonlyMap<string, IssuerKey>>;
}

/** The keys of the issuers that publishers name, kept in memory. Ask for those issuers only: each is kept. */
export class IssuerKeys {
  readonly #parts: IssuerKeyParts;
  readonly #kept = new Map<string, Kept>();

  constructor(parts: IssuerKeyParts) {
    this.#parts = parts;
  }

  /** The key `id` of `issuer`; undefined when it has none. Throws TrustError when it cannot be asked, or answers otherwise. */
  async find(issuer: string, id: string): Promise<IssuerKey | undefined> {
    const kept = this.#kept.get(issuer);
    const isFresh = kept !== undefined && this.#parts.now() < kept.freshUntil;
    const key = isFresh ? (await kept.keys).get(id) : undefined;
    // The issuer may have begun to use another key meanwhile.
    return key ?? (await this.#refresh(issuer)).get(id);
  }

  /** However many ask at once, and whatever comes of it: one request in the interval. */
  async #refresh(issuer: string): Promise<ReadonlyMap<string, IssuerKey>> {
    const now = this.#parts.now();
    const before = this.#kept.get(issuer);
    if (before && Math.abs(now - before.askedAt) < minIntervalMs) return before.keys;
    const keys = fetchKeys(this.#parts, issuer);
    this.#kept.set(issuer, { askedAt: now, freshUntil: now + freshMs, keys });
    try {
      return await keys;
    } catch (error) {
      const isFresh = before !== undefined && now < before.freshUntil;
      this.#kept.set(issuer, isFresh ? { ...before, askedAt: now } : { askedAt: now, freshUntil: now, keys });
      throw error;
    }
  }
}

async function fetchKeys(parts: IssuerKeyParts, issuer: string): Promise<ReadonlyMap<string, IssuerKey>> {
  const location = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const configuration = await fetchObject(parts, location, maxDocumentBytes);
  const named = interpretOptionalText(configuration, 'issuer');
  // OpenID Connect Discovery 1.0, 4.3: exactly the issuer that was asked.
  if (named !== issuer) {
    throw new TrustError('identity_mismatch', `expected the configuration of ${issuer}, got that of ${named}`);
  }
  const address = parseOutgoingBase(interpretOptionalText(configuration, 'jwks_uri') ?? '', parts.addresses);
  const set = await fetchObject(parts, address, maxKeySetBytes);
  const found = await Promise.all(interpretOptionalArray(set, 'keys', maxKeys).map(importKey));
  const keys = found.filter((key) => key !== undefined);
  const byId = new Map(keys.map((key) => [key.id, key]));
  if (byId.size !== keys.length) throw new TrustError('malformed', 'expected keys of different names');
  return byId;
}

async function fetchObject({ outgoing }: IssuerKeyParts, url: string, limitBytes: number): Promise<JsonObject> {
  if (!outgoing) throw new Refusal('unavailable', 'this server asks nobody: SIGNPOST_OUTGOING is off');
  const bytes = await outgoing(url, { limitBytes, signal: AbortSignal.timeout(timeLimitMs) });
  if (bytes === undefined) throw new TrustError('fetch_failed', `expected a document at ${url}, got nothing`);
  return interpretObject(parseForeignJson(bytes, { maxBytes: limitBytes, maxDepth: 16 }), 'the document');
}

/** Undefined for a key that is for something else: issuers publish more than one kind. */
async function importKey(value: JsonValue): Promise<IssuerKey | undefined> {
  const object = interpretObject(value, 'a key');
  const id = interpretOptionalText(object, 'kid');
  const use = interpretOptionalText(object, 'use') ?? 'sig';
  const algorithm = findAlgorithm(object);
  if (id === undefined || use !== 'sig' || algorithm === undefined) return undefined;
  const key = await importSubjectKey(convertJwk(parseJwk(object as Parameters<typeof parseJwk>[0])));
  return { id, algorithm, key };
}

/** What the kind of the key allows; a key that names another algorithm is for that one. */
function findAlgorithm(object: JsonObject): TokenAlgorithm | undefined {
  const kty = interpretOptionalText(object, 'kty');
  const isP256 = kty === 'EC' && interpretOptionalText(object, 'crv') === 'P-256';
  const algorithm = kty === 'RSA' ? 'RS256' : isP256 ? 'ES256' : undefined;
  return (interpretOptionalText(object, 'alg') ?? algorithm) === algorithm ? algorithm : undefined;
}
