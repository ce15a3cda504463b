/** Asks registries (OCI Distribution 1.1): with grants, and with what never changes kept for a while. */
import type { Answer, Question } from '../ask.ts';
import { Authorization, type AuthorizationParts } from './authorization.ts';
import { ContentCache } from './content-cache.ts';
import type { Place } from './place.ts';

/** A question to one repository. */
export type RegistryQuestion = Pick<Question, 'url' | 'method' | 'accept' | 'redirects' | 'maxBytes' | 'signal'>;

/** All organisations share it: what it keeps is known by its digest. */
export interface RegistryClient {
  /** `url` is of the place. Throws the reason of the signal alone. */
  ask(place: Place, question: RegistryQuestion): Promise<Answer>;
  /** Bytes by digest, of which each was verified. */
  readonly contents: ContentCache;
  readonly now: () => number;
}

/** Opens the client. Nothing is asked before it is called. */
export function createRegistryClient(parts: AuthorizationParts): RegistryClient {
  const authorization = new Authorization(parts);
  const send = (question: RegistryQuestion, authorized: string | undefined) =>
    parts.ask({ ...question, ...(authorized !== undefined && { headers: { authorization: authorized } }) });
  return {
    contents: new ContentCache(),
    now: parts.now,
    ask: async (place, question) => {
      if (new URL(question.url).origin !== new URL(place.origin).origin)
        throw new TypeError('expected a URL of the place');
      const answer = await send(question, authorization.findHeader(place));
      if (answer.kind === 'answer' || answer.challenge === undefined) return answer;
      const { challenge } = answer;
      const granted = await authorization.answer(place, { challenge, signal: question.signal });
      return granted.kind === 'unknown' ? granted : send(question, granted.header);
    },
  };
}
