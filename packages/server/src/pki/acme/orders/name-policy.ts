/** The organisation's name policy, held against an order before anybody proves anything. */
import { Refusal } from '../../../errors.ts';
import type { Database } from '../../../storage/database.ts';
import { assertAllowed } from '../../profiles/name-policy.ts';
import { parseName } from '../../profiles/name-text.ts';
import { readRules } from '../../profiles/rules.ts';
import type { Directory } from '../directories/directory.ts';
import { AcmeProblem, type Identifier, joinProblems } from '../problem.ts';

/** Throws `rejectedIdentifier`, with a subproblem for each name that the policy does not allow. */
export async function assertNamePolicy(
  { database }: { readonly database: Database },
  { organisationId }: Pick<Directory, 'organisationId'>,
  identifiers: readonly Identifier[],
): Promise<void> {
  const { namePolicy } = await readRules({ database }, organisationId);
  const [first, ...others] = identifiers.flatMap((identifier) => {
    try {
      assertAllowed(namePolicy, { subject: [], names: [parseName(identifier.type, identifier.value)] });
      return [];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return [new AcmeProblem('rejectedIdentifier', error.message, { identifier, cause: error })];
    }
  });
  if (first) throw joinProblems([first, ...others]);
}
