/** Two people who let one decide again. */
import { insertMembership, insertPerson } from '../../../src/accounts/store.ts';
import type { Caller } from '../../../src/audit/audit.ts';
import type { WatchParts } from '../../../src/watch/parts.ts';
import { changeSettings } from '../../../src/watch/policies/settings.ts';

type DeskOfPeople = Pick<WatchParts, 'database'> & { readonly caller: Caller };

/** Someone who has been in the organisation of the desk for long. */
async function addPerson({ database, caller }: DeskOfPeople, name: string): Promise<Caller> {
  const { organisationId } = caller;
  const id = `${organisationId}-${name}`;
  const person = { id, email: `${id}@example.org`, name, password_hash: '', disabled_at: null, created_at: 0 };
  await insertPerson(database.query, person);
  const membership = { organisation_id: organisationId, person_id: id, role: 'admin', created_at: 0 } as const;
  await insertMembership(database.query, membership);
  return { ...caller, actor: { kind: 'person', id, sessionId: null } };
}

/** Has two of them ask for it. */
export async function easeSettings(desk: WatchParts & { readonly caller: Caller }): Promise<void> {
  for (const name of ['ada', 'bob']) await changeSettings(desk, await addPerson(desk, name), { twoPeople: false });
}
