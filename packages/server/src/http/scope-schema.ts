/** What a key may be for, as people write it. */
import { z } from '@hono/zod-openapi';
import { slugPattern } from '@signpost/protocol/updates/names';

/** A scope: `*`, `project:slug` or `collection:slug`. */
export const scopeSchema: z.ZodString = z
  .string()
  .max(70)
  .regex(/^\*$|^(?:project|collection):/, 'expected "*", "project:slug" or "collection:slug"')
  .refine(
    (text) => text === '*' || slugPattern.test(text.slice(text.indexOf(':') + 1)),
    'expected a slug after the colon',
  );
