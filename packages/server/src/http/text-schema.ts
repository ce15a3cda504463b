/** Text that people write and that ends up in a database and in signed documents. */
import { z } from '@hono/zod-openapi';
import { localePattern } from '@signpost/protocol/updates/names';

/**
 * Text of at most `maxLength` UTF-16 units without U+0000, which PostgreSQL does not store, and without U+2028, U+2029
 * and lone surrogates, which cannot be signed (docs/protocol/canonical-json.md).
 */
export function textSchema(maxLength: number): z.ZodString {
  return z
    .string()
    .max(maxLength)
    .regex(
      /^[^\u0000\u2028\u2029\ud800-\udfff]*$/u,
      'expected text without U+0000, U+2028, U+2029 and lone surrogates',
    );
}

/** More than any catalogue is translated into; whoever picks a text from them looks at each. */
const maxLocales = 100;

/** Such text by locale. */
export function localeMapSchema(maxLength: number): z.ZodRecord<z.ZodString, z.ZodString> {
  return z
    .record(z.string().regex(localePattern, 'expected a locale such as en or de-AT'), textSchema(maxLength))
    .refine((texts) => Object.keys(texts).length <= maxLocales, `expected at most ${maxLocales} locales`);
}

/** A name: one line of 1 to `maxLength` UTF-16 units without any control character, spaces around it taken off. */
export function lineSchema(maxLength: number): z.ZodString {
  return z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'expected one line without control characters and lone surrogates');
}
