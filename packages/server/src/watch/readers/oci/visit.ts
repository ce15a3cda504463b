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
  /** Unix ms: when half of the time is over. */
  readonly halfAt: number;
}

/** Begins a look that may take so long altogether; each request has a limit of its own besides. */
export function beginVisit(
  client: RegistryClient,
  place: Place,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Visit {
  const now = client.now();
  return { client, place, signal, endsAt: now + limitMs, halfAt: now + limitMs / 2 };
}

/** Whether nothing more is asked. */
export function isOver({ client, endsAt }: Visit): boolean {
  return client.now() > endsAt;
}

/** Asks for a path of the repository. Registries may keep anything elsewhere; whoever does is shown no credentials. */
export async function askVisited(
  visit: Visit,
  path: string,
  question: Pick<RegistryQuestion, 'method' | 'accept' | 'maxBytes'>,
): Promise<Answer> {
  const { client, place, signal } = visit;
  if (isOver(visit)) return unknown(`${place.registry} takes too long altogether`);
  const url = `${place.origin}/v2/${place.repository}/${path}`;
  return client.ask(place, { ...question, redirects: 'any-origin', url, signal });
}

/** What is no answer, in words. */
export function unknown(reason: string): NoAnswer {
  return { kind: 'unknown', reason };
}
