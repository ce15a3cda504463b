/** Who hands in: the author behind a key, and the one module that the key may be for. */

import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';
import { type AuthorRow, findAuthorByKey } from '../authors/store.ts';
import type { SubmissionReach } from './store.ts';

/** An author, as one of their keys shows them. */
export interface Submitter {
  readonly author: AuthorRow;
  readonly apiKeyId: string;
  /** The slug of the one module that the key is for. */
  readonly module: string | undefined;
  readonly caller: Caller;
}

type Asking = Pick<AppEnv['Variables'], 'organisation' | 'principal'>;

/** The author who asks. Throws `not_found` for the key of another collection's author, `forbidden` for whoever is no author. */
export async function requireSubmitter(query: Query, asking: Asking, collection: ProjectRow): Promise<Submitter> {
  const { principal } = asking;
  const author = principal.kind === 'api-key' ? await findAuthorByKey(query, principal.apiKeyId) : undefined;
  if (principal.kind !== 'api-key' || !author) {
    throw new Refusal('forbidden', 'expected the key of an author', {
      rule: 'role',
      hint: 'signpost module author add COLLECTION NAME',
    });
  }
  if (author.collection_id !== collection.id) throw new Refusal('not_found', 'no such collection');
  const module = /^module:[^/]+\/(.+)$/.exec(principal.scope)?.[1];
  return { author, apiKeyId: principal.apiKeyId, module, caller: callerOf(asking) };
}

/** What whoever asks may see: an author their own, everybody else of the organisation all. */
export async function findReach(query: Query, asking: Asking, collection: ProjectRow): Promise<SubmissionReach> {
  const { principal } = asking;
  if (principal.kind !== 'api-key' || !principal.verbs.includes('submit')) return { collectionId: collection.id };
  const { author, module } = await requireSubmitter(query, asking, collection);
  return { collectionId: collection.id, authorId: author.id, module };
}
