/** How people and keys are shown, on all pages of the area. */
import type { Answer, Body } from '../../api/client.ts';

/** A person as the API has them. */
export type Person = Answer<'GET /api/people'>['people'][number];

/** What a new key may do. */
export type Verb = Body<'POST /api/api-keys'>['verbs'][number];

/** All of it, as it is offered. */
export const verbs = ['read', 'upload', 'activate', 'manage', 'admin', 'metrics'] as const satisfies readonly Verb[];

/** The look of each role: only admins are a board. */
export const roleKinds = { admin: 'board', manager: 'info', viewer: 'plain' } as const;
