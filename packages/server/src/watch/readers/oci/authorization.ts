/** The token dance: what a registry's challenge asks for (distribution/distribution, "Token Authentication Specification"; RFC 7617; RFC 6750). */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { isJsonObject, type JsonObject, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import type { Ask, NoAnswer, Question } from '../ask.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { FindCredential } from './credentials.ts';
import type { RegistryCredential } from './docker-config.ts';
import type { Place } from './place.ts';

/** What it works with. */
export interface AuthorizationParts {
  readonly ask: Ask;
  readonly findCredential: FindCredential;
  readonly now: () => number;
}

interface Grant {
  /** The value of Authorization. */
  readonly header: string;
  /** Unix ms. */
  readonly endsAt: number;
}

const maxTokenBytes = 64 * 1024;
const maxRealmCharacters = 2048;
const maxServiceCharacters = 256;
/** What a registry grants unless it says more, and the most that is believed. */
const usualLifeMs = 60_000;
const maxLifeMs = 3_600_000;
/** A token is not used to its very end. */
const marginMs = 10_000;
const maxGrants = 10_000;

/** Grants of registries, by repository. A grant is for its own registry and is sent nowhere else. */
export class Authorization {
  readonly #parts: AuthorizationParts;
  readonly #grants = new Map<string, Grant>();

  constructor(parts: AuthorizationParts) {
    this.#parts = parts;
  }

  /** The header of a grant that is in force. */
  findHeader(place: Place): string | undefined {
    const grant = this.#grants.get(nameOf(place));
    return grant && grant.endsAt > this.#parts.now() ? grant.header : undefined;
  }

  /** Does what a challenge asks for, with the credential that there is now, and gives the header. */
  async answer(
    place: Place,
    { challenge, signal }: { readonly challenge: string; readonly signal: AbortSignal },
  ): Promise<{ readonly kind: 'header'; readonly header: string } | NoAnswer> {
    const name = nameOf(place);
    this.#grants.delete(name);
    const credential = await this.#findCredential(place);
    if (credential?.kind === 'unknown') return credential;
    const grant = await this.#obtain(place, { challenge, signal, credential });
    if ('kind' in grant) return grant;
    this.#grants.set(name, grant);
    const [oldest] = this.#grants.keys();
    if (this.#grants.size > maxGrants && oldest !== undefined) this.#grants.delete(oldest);
    return { kind: 'header', header: grant.header };
  }

  async #findCredential({ registry }: Place): Promise<RegistryCredential | NoAnswer | undefined> {
    try {
      return await this.#parts.findCredential(registry);
    } catch {
      // Whatever was read may stand in the error.
      return unknown(`the credentials for ${registry} cannot be read`);
    }
  }

  async #obtain(place: Place, asked: Asked): Promise<Grant | NoAnswer> {
    const challenges = parseChallenges(asked.challenge) ?? [];
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) return this.#obtainToken(place, bearer, asked);
    const { credential } = asked;
    if (!challenges.some(({ scheme }) => scheme === 'basic')) {
      return unknown(`${place.registry} asks to be answered in a way that is not known`);
    }
    if (credential?.kind !== 'password') return unknown(`there is no password for ${place.registry}`);
    return { header: encodeBasic(credential), endsAt: this.#parts.now() + maxLifeMs };
  }

  async #obtainToken(place: Place, challenge: Challenge, { credential, signal }: Asked): Promise<Grant | NoAnswer> {
    const realm = parseRealm(challenge.parameters.get('realm') ?? '', place);
    if (!realm) return unknown(`${place.registry} names no realm that may be asked`);
    const service = (challenge.parameters.get('service') ?? '').slice(0, maxServiceCharacters);
    const answer = await this.#parts.ask({
      ...askForToken(realm, credential, { service, scope: `repository:${place.repository}:pull` }),
      ...{ accept: 'application/json', maxBytes: maxTokenBytes, namedBy: place.origin, signal },
    });
    if (answer.kind === 'unknown') return answer;
    const token = answer.status === 200 ? parseToken(answer.body) : undefined;
    if (!token) return unknown(`${realm.host} gave no token for ${place.registry}`);
    return { header: `Bearer ${token.token}`, endsAt: this.#parts.now() + token.lifeMs - marginMs };
  }
}

interface Asked {
  readonly challenge: string;
  readonly signal: AbortSignal;
  readonly credential: RegistryCredential | undefined;
}

function nameOf({ registry, repository }: Place): string {
  return `${registry}/${repository}`;
}

/** A password is shown over TLS, or to the registry that it is for. */
function parseRealm(text: string, { origin }: Place): URL | undefined {
  const url = text.length > maxRealmCharacters ? null : URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  return url.protocol === 'https:' || url.origin === origin ? url : undefined;
}

function askForToken(
  realm: URL,
  credential: RegistryCredential | undefined,
  { service, scope }: { readonly service: string; readonly scope: string },
): Pick<Question, 'url' | 'method' | 'headers' | 'body'> {
  if (credential?.kind === 'refresh-token') {
    const form = {
      grant_type: 'refresh_token',
      refresh_token: credential.token,
      service,
      scope,
      client_id: 'signpost',
    };
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url: realm.href, method: 'POST', headers, body: new URLSearchParams(form).toString() };
  }
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  return { url: url.href, ...(credential && { headers: { authorization: encodeBasic(credential) } }) };
}

function encodeBasic({ user, password }: RegistryCredential & { readonly kind: 'password' }): string {
  return `Basic ${encodeBase64(encodeText(`${user}:${password}`))}`;
}

function parseToken(body: Uint8Array): { readonly token: string; readonly lifeMs: number } | undefined {
  const answer = parseAnswer(body);
  const token = answer && (readMember(answer, 'token') ?? readMember(answer, 'access_token'));
  // RFC 6750, 2.1.
  if (!answer || typeof token !== 'string' || !/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return undefined;
  const seconds = readMember(answer, 'expires_in');
  const lifeMs = typeof seconds === 'number' ? seconds * 1000 : usualLifeMs;
  return { token, lifeMs: Math.min(Math.max(lifeMs, usualLifeMs), maxLifeMs) };
}

function parseAnswer(body: Uint8Array): JsonObject | undefined {
  try {
    const answer = parseForeignJson(body, { maxBytes: maxTokenBytes, maxDepth: 8, maxValues: 1000 });
    return isJsonObject(answer) ? answer : undefined;
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

function unknown(reason: string): NoAnswer {
  return { kind: 'unknown', reason };
}
