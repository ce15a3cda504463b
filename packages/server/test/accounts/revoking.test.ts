/** Whoever revokes as a person proves again who they are; programs go on by what they come with. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { issueCertificate } from '../../src/pki/certificates/issue.ts';
import { parseNameText } from '../../src/pki/profiles/name-text.ts';
import { pkiSceneOf } from '../pki/scene.ts';
import { problem } from '../planes-problem.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { forEachEngine } from '../storage/engines.ts';
import { codeOf } from './factors/people.ts';

const password = 'correct horse battery';

interface Desk {
  readonly scene: PlanesScene;
  readonly admin: Credential;
  /** The id of a new certificate. */
  issue(): Promise<string>;
  /** The id of a new signing key. */
  makeKey(): Promise<string>;
  post(as: Credential, path: string, json?: unknown): ReturnType<PlanesScene['ask']>;
}

async function openDesk(t: TestContext, choice: Parameters<typeof openPlanesScene>[1]): Promise<Desk> {
  const scene = await openPlanesScene(t, choice);
  const pki = pkiSceneOf(scene.home);
  await pki.createRoot();
  await pki.createIntermediate();
  const key = await scene.openKey(scene.home, ['admin']);
  return {
    scene,
    admin: await scene.openPerson(scene.home, 'admin'),
    async issue() {
      const { row } = await issueCertificate(pki.parts, pki.caller, {
        ...{ authority: 'issuing', profile: 'server', names: [parseNameText('dns:www.example')] },
        ...{ key: { kind: 'server', label: 'ecdsa-p256' }, source: 'form' },
      });
      return row.id;
    },
    makeKey: async () =>
      String((await scene.ask('POST', '/api/signing-keys', { as: key, json: { label: 'new' } })).json.key_id),
    post: (as, path, json) => scene.ask('POST', path, { as, ...(json === undefined ? {} : { json }) }),
  };
}

/** Every route by which something is revoked for good, with what it wants besides. */
async function listRevocations({ issue, makeKey }: Desk): Promise<readonly (readonly [string, object])[]> {
  return [
    [`/api/signing-keys/${await makeKey()}/revoke`, {}],
    [`/api/certificates/${await issue()}/revoke`, { reason: 'superseded' }],
    [`/api/certificates/${await issue()}/renew`, { key: 'same', revoke_old: true }],
    ['/api/authorities/issuing/revoke', { cascade: true }],
  ];
}

forEachEngine((_engine, openDatabase) => {
  test('a session alone revokes neither key nor certificate nor authority; its password does', async (t) => {
    const environment = { SIGNPOST_LOGINS_PER_MINUTE: '100' };
    const desk = await openDesk(t, { environment, database: await openDatabase() });
    const { scene, admin, post } = desk;
    const certificates = async () => (await scene.ask('GET', '/api/certificates?state=revoked', { as: admin })).json;
    for (const [path, wish] of await listRevocations(desk)) {
      const before = await certificates();
      const alone = await post(admin, path, wish);
      assert.equal(problem(alone), '403 step-up', path);
      assert.match(String(alone.json.hint), /password/);
      assert.equal(problem(await post(admin, path, { ...wish, password: 'another horse' })), '403 step-up', path);
      assert.deepEqual(await certificates(), before);
      const proven = await post(admin, path, { ...wish, password });
      assert.ok(proven.status < 300, `${path}: ${proven.body}`);
    }
    const { events } = (await scene.ask('GET', '/api/audit?action=session.step_up_refused', { as: admin })).json as {
      events: { outcome: string }[];
    };
    assert.deepEqual(new Set(events.map(({ outcome }) => outcome)), new Set(['refused']));
    assert.equal(events.length, 4, 'each wrong password');
  });

  test('an API key revokes by itself, as often as it has to', async (t) => {
    const environment = { SIGNPOST_LOGINS_PER_MINUTE: '1' };
    const desk = await openDesk(t, { environment, database: await openDatabase() });
    const key = await desk.scene.openKey(desk.scene.home, ['admin', 'manage']);
    const [, certificate] = await listRevocations(desk);
    assert.equal((await desk.post(key, `/api/signing-keys/${await desk.makeKey()}/revoke`)).json.state, 'revoked');
    for (const [path, wish] of [certificate ?? ['', {}], ...(await listRevocations(desk))]) {
      const answer = await desk.post(key, path, wish);
      assert.ok(answer.status < 300, `${path}: ${answer.body}`);
    }
  });

  test('a manager revokes certificates by their own password', async (t) => {
    const desk = await openDesk(t, { database: await openDatabase() });
    const manager = await desk.scene.openPerson(desk.scene.home, 'manager');
    const path = `/api/certificates/${await desk.issue()}/revoke`;
    assert.equal(problem(await desk.post(manager, path, { reason: 'superseded' })), '403 step-up');
    assert.equal((await desk.post(manager, path, { reason: 'superseded', password })).json.state, 'revoked');
  });
});

test('whoever gave a second factor within five minutes revokes by the password alone', async (t) => {
  const desk = await openDesk(t, { environment: { SIGNPOST_LOGINS_PER_MINUTE: '100' } });
  const { scene, admin, post } = desk;
  const { now } = scene.resources;
  const { secret } = (await post(admin, '/api/factors/totp', { password })).json;
  const code = (later: number) => codeOf({ now }, String(secret), later);
  assert.equal((await post(admin, '/api/factors/totp/confirm', { code: code(0) })).status, 200);
  scene.home.travel(5 * 60_000);
  const revoke = async (proof: object) =>
    post(admin, `/api/certificates/${await desk.issue()}/revoke`, { reason: 'keyCompromise', ...proof });
  assert.equal(problem(await revoke({ password })), '403 second-factor-missing');
  assert.equal((await revoke({ password, totp: code(0) })).json.state, 'revoked');
  assert.equal((await revoke({ password })).json.state, 'revoked');
});

test('a password is guessed at no faster by revoking than by logging in', async (t) => {
  const desk = await openDesk(t, { environment: { SIGNPOST_LOGINS_PER_MINUTE: '3' } });
  const path = `/api/certificates/${await desk.issue()}/revoke`;
  const guess = () => desk.post(desk.admin, path, { reason: 'superseded', password: 'a wrong guess' });
  for (let attempt = 0; attempt < 3; attempt++) assert.equal(problem(await guess()), '403 step-up');
  assert.equal((await guess()).status, 429);
});
