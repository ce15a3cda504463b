import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { listStanding } from '../../../src/accounts/standing.ts';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { addAdmin, createScene, password, type Scene } from '../../http/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { auditOf, baseUrl, codeOf, enrolPasskey, enrolTotp, logHalfIn, tell } from './people.ts';

const config = { baseUrl };

async function demand(scene: Scene, rule: 'optional' | 'required') {
  const as = scene.home.people.admin.session;
  return tell(scene, 'PUT /api/organisation/second-factor', { as, json: { second_factor: rule, password } });
}

forEachEngine((_engine, open) => {
  suite('an organisation that demands a second factor', () => {
    test('answers whoever has none only what enrols one, until they have', async () => {
      const scene = await createScene(await open(), { config });
      const { admin, viewer } = scene.home.people;
      const { credential: key } = await scene.openKey({ organisationId: scene.home.id, verbs: ['read', 'admin'] });
      await enrolTotp(scene, admin.session);
      assert.equal((await demand(scene, 'required')).body.second_factor, 'required');
      const as = viewer.session;
      for (const line of ['GET /api/organisation', 'GET /api/sessions', 'POST /api/factors/recovery-codes']) {
        const refused = await tell(scene, line, { as, json: line.startsWith('GET') ? undefined : { password } });
        assert.deepEqual([refused.status, refused.body.rule], [403, 'second-factor-required'], line);
      }
      assert.equal((await tell(scene, 'GET /api/people', { as: key })).status, 200, 'keys are not concerned');
      assert.equal((await tell(scene, 'GET /api/people', { as: admin.session })).status, 200);
      const fresh = await logHalfIn(scene, viewer.email);
      assert.deepEqual([fresh.status, fresh.body.must_enrol], [200, true]);
      assert.equal((await tell(scene, 'GET /api/factors', { as: fresh.credential })).body.required, true);
      await enrolTotp(scene, fresh.credential);
      const own = await tell(scene, 'GET /api/session', { as: fresh.credential });
      assert.equal(own.body.must_enrol, false);
      assert.equal((await tell(scene, 'GET /api/organisation', { as: fresh.credential })).status, 200);
    });

    test('is asked for the proof of the one who changes it, and says so to everybody before they sign in', async () => {
      const scene = await createScene(await open(), { config });
      const { admin } = scene.home.people;
      const json = { second_factor: 'required', password: 'not the password' };
      const wrong = await tell(scene, 'PUT /api/organisation/second-factor', { as: admin.session, json });
      assert.deepEqual([wrong.status, wrong.body.rule], [403, 'step-up']);
      assert.equal((await tell(scene, 'GET /api/sign-in')).body.second_factor, 'optional');
      await demand(scene, 'required');
      assert.deepEqual((await tell(scene, 'GET /api/sign-in')).body, {
        organisation: { slug: 'default', name: 'default' },
        password: true,
        passkey: { relying_party: 'signpost.example', origin: baseUrl },
        second_factor: 'required',
        vault: 'unlocked',
        first_admin: 'made',
      });
      assert.equal((await tell(scene, 'GET /o/other/api/sign-in')).body.second_factor, 'optional');
      const [row] = await auditOf(scene, 'organisation.changed');
      assert.equal(row?.detail, '{"second_factor":"required"}');
    });

    test('lets go of open connections that rest on a password alone', async () => {
      const scene = await createScene(await open(), { config });
      const { admin, viewer } = scene.home.people;
      const standing = async () => {
        const sessions = await scene.database.query.selectFrom('session').selectAll().execute();
        const own = sessions.filter(({ person_id: id }) => [admin.id, viewer.id].includes(id));
        const asked = { sessionIds: own.map(({ id }) => id), apiKeyIds: [], now: scene.now() };
        const found = await listStanding(scene.database.query, { organisationId: scene.home.id, ...asked });
        return [...found.values()].map((principal) => (principal.kind === 'person' ? principal.role : '')).sort();
      };
      await enrolPasskey(scene, admin.session);
      assert.deepEqual(await standing(), ['admin', 'viewer']);
      await demand(scene, 'required');
      assert.deepEqual(await standing(), ['admin']);
    });
  });

  suite('a member who has lost every second factor', () => {
    test('is helped by an admin in person; their sessions end, and the log has it', async () => {
      const scene = await createScene(await open(), { config });
      const { admin, manager, viewer } = scene.home.people;
      await enrolTotp(scene, viewer.session);
      await enrolPasskey(scene, viewer.session);
      const people = await tell(scene, 'GET /api/people', { as: admin.session });
      const holders = (people.body.people as { email: string; second_factor: boolean }[]).filter(
        ({ second_factor: has }) => has,
      );
      assert.deepEqual(
        holders.map(({ email }) => email),
        [viewer.email],
      );
      const reset = (as: Readonly<Record<string, string>>, json: object) =>
        tell(scene, `POST /api/people/${viewer.id}/factors/reset`, { as, json });
      assert.equal((await reset(manager.session, { password })).status, 403);
      assert.equal((await reset(admin.session, { password: 'not the password' })).status, 403);
      const { credential: key } = await scene.openKey({ organisationId: scene.home.id, verbs: ['admin'] });
      assert.equal((await reset(key, { password })).status, 403, 'in person only');
      assert.equal((await reset(admin.session, { password })).status, 204);
      assert.equal((await tell(scene, 'GET /api/session', { as: viewer.session })).status, 401);
      assert.equal((await logHalfIn(scene, viewer.email)).status, 200);
      const [row] = await auditOf(scene, 'person.factors_reset');
      assert.deepEqual([row?.actor_id, row?.object_id], [admin.id, viewer.id]);
      const elsewhere = `POST /api/people/${scene.other.people.viewer.id}/factors/reset`;
      assert.equal((await tell(scene, elsewhere, { as: admin.session, json: { password } })).status, 404);
      await verifyAuditChain(scene.database);
    });

    test('and belongs to several organisations is laid open by none of their admins', async () => {
      const scene = await createScene(await open(), { config });
      const { admin } = scene.home.people;
      await tell(scene, 'POST /api/organisations', { as: admin.session, json: { slug: 'fresh', name: 'Fresh' } });
      const email = 'second@fresh.example';
      await addAdmin(scene, { as: admin.session, at: '/o/fresh', email });
      const second = await tell(scene, 'POST /o/fresh/api/session', { json: { email, password } });
      const json = { password };
      const refused = await tell(scene, `POST /o/fresh/api/people/${admin.id}/factors/reset`, {
        ...{ as: second.credential, json },
      });
      assert.deepEqual([refused.status, refused.body.rule], [409, 'several-organisations']);
    });
  });

  test('removing an app takes the second factor, and leaves no session of others behind', async () => {
    const scene = await createScene(await open(), { config });
    const { viewer } = scene.home.people;
    const { secret } = await enrolTotp(scene, viewer.session);
    const half = await logHalfIn(scene, viewer.email);
    const json = { token: half.token, totp: codeOf(scene, secret) };
    const other = await tell(scene, 'POST /api/session/second-factor', { json });
    scene.travel(5 * 60_000);
    const remove = (proof: object) => tell(scene, 'POST /api/factors/totp/remove', { as: viewer.session, json: proof });
    assert.equal((await remove({ password })).body.rule, 'second-factor-missing');
    assert.equal((await remove({ password, totp: codeOf(scene, secret) })).status, 204);
    assert.equal((await remove({ password })).status, 404);
    assert.equal((await tell(scene, 'GET /api/session', { as: other.credential })).status, 401);
    assert.equal((await tell(scene, 'GET /api/session', { as: viewer.session })).body.second_factor_at, null);
  });
});
