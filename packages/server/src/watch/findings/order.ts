/** The orders in which findings and cases are listed. */
import { Refusal } from '../../errors.ts';

/** Holds a question to what its order can answer. Throws `invalid` for a page after the first of the gravest: what comes in between moves them. */
export function assertOnePage({
  order,
  before,
}: {
  readonly order: 'newest' | 'gravest';
  readonly before?: unknown;
}): void {
  if (order === 'newest' || before === undefined) return;
  throw new Refusal('invalid', 'expected no `before` with order=gravest, which has one page', {
    ...{ rule: 'schema', hint: 'leave out order to list all of them, the newest first' },
  });
}
