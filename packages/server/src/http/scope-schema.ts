/** What a key may be for and what it may do, as people write it. */
import { z } from '@hono/zod-openapi';
import { slugPattern } from '@signpost/protocol/updates/names';
import type { Verb } from './context.ts';

/** A scope: `*`, `project:slug` or `collection:slug`. */
export const scopeSchema: z.ZodString = z
  .string()
  .max(70)
  .regex(/^\*$|^(?:project|collection):/, 'expected "*", "project:slug" or "collection:slug"')
  .refine(
    (text) => text === '*' || slugPattern.test(text.slice(text.indexOf(':') + 1)),
    'expected a slug after the colon',
  );

/** What a key, or a client certificate, may do. */
export const verbSchema: z.ZodType<Verb> = z.enum(['read', 'upload', 'activate', 'manage', 'admin', 'metrics']);
