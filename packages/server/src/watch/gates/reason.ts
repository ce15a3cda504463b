/** Why a gate says what it says, as the API tells it. */
import { z } from 'zod';
import { titleOf } from '../drift/titles.ts';
import type { Reason } from './judge.ts';

/** What a gate may say. */
export const outcomeSchema = z.enum(['ok', 'warn', 'deny', 'unknown']);

/** A reason: of drift the title of its kind stands before the sentence with all that was claimed. */
export const reasonSchema = z.object({
  code: z.string(),
  effect: outcomeSchema,
  // A few words, with none of a stranger in them where the code is a kind of drift.
  title: z.string(),
  text: z.string(),
});

/** A reason for an answer. */
export function describeReason({ code, effect, text }: Reason): z.infer<typeof reasonSchema> {
  const title = titleOf(code);
  return { code, effect, title: title === code ? text : title, text };
}
