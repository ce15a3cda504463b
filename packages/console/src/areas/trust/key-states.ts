/** How the states of signing keys look. */
import type { Answer } from '../../api/client.ts';

/** A signing key of the server. */
export type SigningKey = Answer<'GET /api/signing-keys'>['keys'][number];

/** The badge of each state: only the key in use is a board. */
export const keyStateKinds = {
  created: 'info',
  active: 'board',
  retired: 'plain',
  revoked: 'bad',
} as const satisfies Readonly<Record<SigningKey['state'], string>>;
