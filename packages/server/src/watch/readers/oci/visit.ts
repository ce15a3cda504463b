/** One look at a repository: who is asked, and how much more of it may be read. */
import type { Answer, NoAnswer } from '../ask.ts';
import type { Place } from './place.ts';
import type { RegistryClient, RegistryQuestion } from './registry-client.ts';

/** What a 404 or 410 says. */
export interface Absent {
  readonly kind: 'absent';
}

/** See the file. */
export interface Visit {
  readonly client: RegistryClient;
  readonly place: Place;
  readonly signal: AbortSignal;
  /** Unix ms: nothing is begun after it. */
  readonly endsAt: number;
}

/** For all that belongs to one artifact, or to one listing; each request has its own limit besides. */
const visitMs = 120_000;

/** Begins a look. */
export function beginVisit(client: RegistryClient, place: Place, signal: AbortSignal): Visit {
  return { client, place, signal, endsAt: client.now() + visitMs };
}

/** Asks for a path of the repository. Registries may keep anything elsewhere; whoever does is shown no credentials. */
export async function askVisited(
  { client, place, signal, endsAt }: Visit,
  path: string,
  question: Pick<RegistryQuestion, 'method' | 'accept' | 'maxBytes'>,
): Promise<Answer> {
  if (client.now() > endsAt) return unknown(`${place.registry} took longer than ${visitMs / 1000} s altogether`);
  const url = `${place.origin}/v2/${place.repository}/${path}`;
  return client.ask(place, { ...question, redirects: 'any-origin', url, signal });
}

/** What is no answer, in words. */
export function unknown(reason: string): NoAnswer {
  return { kind: 'unknown', reason };
}
