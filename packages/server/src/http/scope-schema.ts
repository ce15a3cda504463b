/** What a key may be for and what it may do, as people write it. */
import { z } from '@hono/zod-openapi';
import { type Scope, slugPattern } from '@signpost/protocol/updates/names';
import type { Verb } from './context.ts';

/** What a key may be for: as what a signing key may sign, and for an author's key one module of a collection. */
export type AccessScope = Scope | `module:${string}/${string}`;

/** A scope: `*`, `project:slug` or `collection:slug`. */
export const scopeSchema: z.ZodString = z
  .string()
  .max(70)
  .regex(/^\*$|^(?:project|collection):/, 'expected "*", "project:slug" or "collection:slug"')
  .refine(
    (text) => text === '*' || slugPattern.test(text.slice(text.indexOf(':') + 1)),
    'expected a slug after the colon',
  );

/** What a signing key may be for: the same, or `wordpress:slug`, the packages of a plugin. */
export const signingScopeSchema: z.ZodType<string, string> = z.union([
  scopeSchema,
  z
    .string()
    .max(70)
    .regex(/^wordpress:/, 'expected "wordpress:slug"')
    .refine((text) => slugPattern.test(text.slice(text.indexOf(':') + 1)), 'expected a slug after the colon'),
]);

const grantableVerbs = ['read', 'upload', 'activate', 'manage', 'admin', 'metrics'] as const;

/** What a key, or a client certificate, may be made for. */
export const grantableVerbSchema: z.ZodType<Verb> = z.enum(grantableVerbs);

/** What a key may do: the same, or `submit`, which the keys of a collection's authors may and nothing else. */
export const verbSchema: z.ZodType<Verb> = z.enum([...grantableVerbs, 'submit']);
