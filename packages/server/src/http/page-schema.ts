/** The query of lists that are given in pages to whoever asks for pages, and whole to whoever does not. */
import { z } from '@hono/zod-openapi';
import { textSchema } from './text-schema.ts';

/** `search`, `after` and `limit`; rows are told from another by what `after` takes. */
export function pageShape<After extends z.ZodType>(after: After) {
  return {
    search: textSchema(200).optional(),
    after: after.optional(),
    limit: z.coerce.number().int().min(1).max(500).optional().openapi({ description: 'Without it all are given.' }),
  };
}

/** What the next page comes after. */
export const nextSchema = z.string().nullable().openapi({
  description: 'Goes into `after`, or into `before` where the newest come first, for the next page; null on the last.',
});
