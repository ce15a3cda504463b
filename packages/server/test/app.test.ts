import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Role, Verb } from '../src/http/context.ts';
import { strictContentPolicy } from '../src/http/headers.ts';
import { RoleTableError } from '../src/http/role-table.ts';
import { allRoles, type Credential, createScene, ownRoles, type Person, type Scene } from './http/scene.ts';
import { forEachEngine } from './storage/engines.ts';
import { masterPassword } from './vault/opened-vault.ts';

const roles: readonly Role[] = ['admin', 'manager', 'viewer'];
const verbs: readonly Verb[] = ['read', 'upload', 'activate', 'manage', 'admin', 'metrics'];

/** Somebody who asks. `member` is the word by which the table may admit them. */
interface Asker {
  readonly name: string;
  readonly member: string | undefined;
  readonly organisation: 'default' | 'other' | undefined;
  readonly credential: () => Credential;
  /** Logs in again, after having logged out. */
  readonly renew?: () => Promise<void>;
}

forEachEngine((engine, open) => {
  // Whom credentials belong to is asked of the database; what the table makes of it hangs on no engine.
  const organisations = engine === 'SQLite' ? (['default', 'other'] as const) : (['default'] as const);

  suite('every route', () => {
    test('admits exactly whom the role table names, in each organisation', async () => {
      const scene = await createScene(await open(), { planes: 'all' });
      const askers = [...(await membersOf(scene, 'default')), ...(await membersOf(scene, 'other')), stranger];
      for (const organisation of organisations) {
        for (const name of Object.keys(allRoles)) {
          for (const asker of askers) await assertAdmission(scene, { name, organisation, asker });
        }
      }
    });

    test('answers with the security headers, admitted or not', async () => {
      const scene = await createScene(await open(), { planes: 'all' });
      const { credential } = await scene.openKey({ organisationId: scene.home.id, verbs });
      for (const name of Object.keys(allRoles)) {
        const [method = '', path = ''] = fillIn(name).split(' ');
        for (const as of [{}, credential]) {
          const { headers } = await scene.ask(method, path, { as });
          assert.ok(headers.get('content-security-policy')?.startsWith(strictContentPolicy), name);
          assert.equal(headers.get('x-frame-options'), 'DENY', name);
          assert.equal(headers.get('x-content-type-options'), 'nosniff', name);
          assert.equal(headers.get('referrer-policy'), 'no-referrer', name);
        }
      }
    });
  });

  test('the application does not start while a route has no entry, and says which', async () => {
    const database = await open();
    const { 'GET /api/people': _left, ...incomplete } = ownRoles;
    await assert.rejects(
      createScene(database, { roles: incomplete }),
      (error) =>
        error instanceof RoleTableError && error.problems.join() === 'GET /api/people: no entry in the role table',
    );
  });
});

const stranger: Asker = {
  name: 'nobody',
  member: undefined,
  organisation: undefined,
  credential: () => ({}),
};

async function assertAdmission(
  scene: Scene,
  { name, organisation, asker }: { name: string; organisation: string; asker: Asker },
): Promise<void> {
  const expected = expectedStatus(name, organisation, asker);
  const [method = '', path = ''] = fillIn(name).split(' ');
  // The limit of attempts at the vault is proved elsewhere.
  if (name === 'POST /api/vault/unlock' || name === 'POST /api/vault/change-password') scene.travel(60_000);
  const response = await scene.ask(method, `/o/${organisation}${path}`, { as: asker.credential() });
  const { status } = response;
  if (name === 'DELETE /api/session') await asker.renew?.();
  const told = `${name} of ${organisation} as ${asker.name}: expected ${expected}, got ${status}`;
  if (expected !== 'admitted') return assert.equal(status, expected, told);
  // Whoever is asked to prove again who they are has a role that may.
  if (status === 403 && (await response.json()).rule === 'step-up') return;
  // What the route itself makes of an empty request is not the matter here.
  // Nor that nobody vouches for the push key of this organisation.
  const isServed = status < 500 || (name === 'GET /api/push/keys' && status === 503);
  assert.ok(![401, 403, 405, 429].includes(status) && isServed, told);
  if (scene.vault.state === 'locked') await scene.vault.unlock(masterPassword);
}

async function membersOf(scene: Scene, organisation: 'default' | 'other'): Promise<Asker[]> {
  const tenant = organisation === 'default' ? scene.home : scene.other;
  const people = roles.map((role) => ({
    name: `${role} of ${organisation}`,
    member: role,
    organisation,
    ...sessionOf(tenant.people[role]),
  }));
  const keys = verbs.map(async (verb) => ({
    name: `key:${verb} of ${organisation}`,
    member: `key:${verb}`,
    organisation,
    credential: await openedKey(scene, tenant.id, verb),
  }));
  return [...people, ...(await Promise.all(keys))];
}

async function openedKey(scene: Scene, organisationId: string, verb: Verb): Promise<() => Credential> {
  const { credential } = await scene.openKey({ organisationId, verbs: [verb] });
  return () => credential;
}

function sessionOf(person: Person): Pick<Asker, 'credential' | 'renew'> {
  let credential = person.session;
  return {
    credential: () => credential,
    renew: async () => {
      credential = await person.logIn();
    },
  };
}

/** The matrix, from the table alone: what must come back. */
function expectedStatus(name: string, organisation: string, asker: Asker): number | 'admitted' {
  const allowed = allRoles[name] ?? [];
  const isHealth = name === 'GET /healthz' || name === 'GET /api/health';
  if (allowed.includes('server-wide') && organisation !== 'default' && !isHealth) return 404;
  if (allowed.includes('public')) return 'admitted';
  if (asker.organisation === undefined) return 401;
  if (asker.organisation !== organisation) return 404;
  return asker.member !== undefined && allowed.includes(asker.member) ? 'admitted' : 403;
}

function fillIn(name: string): string {
  return name
    .replaceAll('{id}', '01930000-0000-7000-8000-000000000000')
    .replaceAll('{authority}', 'my-authority')
    .replaceAll('{key_id}', 'ab'.repeat(32))
    .replaceAll('{slug}', 'my-app')
    .replaceAll('{version}', '1.0.0')
    .replaceAll('{channel}', 'stable')
    .replaceAll('{name}', 'my-app.zip');
}
