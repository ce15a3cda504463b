/** Who signs, as people type it: an identity with the claims that narrow it, and digests of keys. */
import type { Body } from '../../api/client.ts';
import { splitWords } from '../../app/typed-text.ts';

/** An identity as the API takes it. */
type Identity = NonNullable<Body<'POST /api/watch/sources/{id}/decisions'>['identities']>[number];

/** What a workflow may have run for. */
export const refTypes = ['tag', 'branch', 'pull-request', 'other'] as const;

/** Claims of which each narrows an identity. */
export const narrowing = [
  'repository',
  'workflow',
  'ownerId',
  'repositoryId',
] as const satisfies readonly (keyof Identity)[];

/** The fields of the form. */
export interface TypedSigner {
  issuer: string;
  subject: string;
  keys: string;
  refType: string;
  repository: string;
  workflow: string;
  ownerId: string;
  repositoryId: string;
}

/** Fields that nobody has filled. */
export function createTypedSigner(): TypedSigner {
  return {
    ...{ issuer: '', subject: '', keys: '' },
    ...{ refType: '', repository: '', workflow: '', ownerId: '', repositoryId: '' },
  };
}

/** Who that is. What is left empty narrows nothing. */
export function readSigners(typed: TypedSigner): {
  readonly identities: readonly Identity[];
  readonly keys: readonly string[];
} {
  const subject = typed.subject.trim();
  const refType = refTypes.find((type) => type === typed.refType);
  const claims = narrowing.map((claim) => [claim, typed[claim].trim()] as const).filter(([, value]) => value !== '');
  const identity = {
    ...{ issuer: typed.issuer.trim(), subject },
    ...(refType && { refType }),
    ...Object.fromEntries(claims),
  };
  return { identities: subject === '' ? [] : [identity], keys: splitWords(typed.keys) };
}
