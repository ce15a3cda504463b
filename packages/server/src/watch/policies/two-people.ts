/** Whether one person is enough to bring in who signs a source. */
import type { Query } from '../../storage/database.ts';
import { asksTwoPeople, readPolicy } from './policy.ts';
import { needsTwoPeople } from './settings.ts';

/** Whether the settings of the organisation, or a rule of its policy for this source, ask for two. */
export async function needsTwoFor(query: Query, organisationId: string, sourceKey: string): Promise<boolean> {
  const { document } = await readPolicy(query, organisationId);
  return asksTwoPeople(document, sourceKey) || needsTwoPeople(query, organisationId);
}
