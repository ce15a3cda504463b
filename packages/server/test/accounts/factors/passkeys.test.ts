import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { relyingPartyOf } from '../../../src/accounts/factors/relying-party.ts';
import { createScene, openScene, password, type Scene } from '../../http/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { auditOf, baseUrl, codeOf, enrolPasskey, enrolTotp, logHalfIn, tell } from './people.ts';
import { SoftAuthenticator, type SoftUse } from './soft-authenticator.ts';

const minuteMs = 60_000;
const config = { baseUrl };

/** A challenge for a log-in by passkey alone. */
async function challengeOf(scene: Scene, at = ''): Promise<string> {
  const { body } = await tell(scene, `POST ${at}/api/session/passkey/options`);
  return (body.options as { challenge: string }).challenge;
}

forEachEngine((_engine, open) => {
  suite('a passkey', () => {
    test('logs its person in by itself, and is the second factor where the password comes first', async () => {
      const scene = await createScene(await open(), { config });
      const { viewer } = scene.home.people;
      const { authenticator, codes } = await enrolPasskey(scene, viewer.session);
      assert.equal(codes.length, 10);
      const passkey = authenticator.assert(await challengeOf(scene));
      const alone = await tell(scene, 'POST /api/session/passkey', { json: { passkey } });
      assert.deepEqual([alone.status, (alone.body.person as { id: string }).id], [200, viewer.id]);
      const half = await logHalfIn(scene, viewer.email);
      assert.deepEqual(half.body.methods, ['passkey', 'recovery_code']);
      const second = { token: half.token, passkey: authenticator.assert(half.challenge, { userVerified: false }) };
      assert.equal((await tell(scene, 'POST /api/session/second-factor', { json: second })).status, 200);
      const { body } = await tell(scene, 'GET /api/factors', { as: viewer.session });
      const [listed] = body.passkeys as Record<string, unknown>[];
      assert.deepEqual([listed?.name, listed?.suspended, listed?.synced], ['laptop', false, false]);
      assert.equal(listed?.last_used_at, '2026-11-21T09:00:00.000Z');
    });

    test('is refused in the same words whatever is wrong with what it shows', async () => {
      const scene = await createScene(await open(), { config });
      const { viewer } = scene.home.people;
      const { authenticator } = await enrolPasskey(scene, viewer.session);
      const logIn = async (use: Partial<SoftUse>, challenge?: string) =>
        scene.ask('POST', '/api/session/passkey', {
          json: { passkey: authenticator.assert(challenge ?? (await challengeOf(scene)), use) },
        });
      const half = await logHalfIn(scene, viewer.email);
      const old = await challengeOf(scene);
      scene.travel(5 * minuteMs);
      const altered = authenticator.assert(await challengeOf(scene));
      altered.response.signature = altered.response.signature.replace(/^..../, 'MEUA');
      const stranger = new SoftAuthenticator().assert(await challengeOf(scene));
      const answers = [
        await logIn({ origin: 'https://signpost.example.evil' }),
        await logIn({ origin: 'http://signpost.example' }),
        await logIn({ rpId: 'evil.example' }),
        await logIn({ userVerified: false }),
        await logIn({ userHandle: Buffer.from('somebody').toString('base64url') }),
        await logIn({}, half.challenge),
        await logIn({}, old),
        await logIn({}, Buffer.alloc(54).toString('base64url')),
        await logIn({}, await challengeOf(scene, '/o/other')),
        await scene.ask('POST', '/api/session/passkey', { json: { passkey: altered } }),
        await scene.ask('POST', '/api/session/passkey', { json: { passkey: stranger } }),
      ];
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
      assert.equal(new Set(await Promise.all(answers.map((answer) => answer.text()))).size, 1);
      assert.equal((await logIn({})).status, 200);
    });

    test('counts once for each challenge, also for those who bring the same proof at once', async () => {
      const scene = await createScene(await open(), { config });
      const { authenticator } = await enrolPasskey(scene, scene.home.people.viewer.session);
      const passkey = authenticator.assert(await challengeOf(scene));
      const answers = await Promise.all(
        [1, 2, 3].map(() => tell(scene, 'POST /api/session/passkey', { json: { passkey } })),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401]);
      assert.deepEqual(await auditOf(scene, 'passkey.suspended'), [], 'who repeats it does not suspend it');
    });

    test('whose counter goes back is suspended, for owner and thief, and asked for all the same', async () => {
      const scene = await createScene(await open(), { config });
      const { viewer } = scene.home.people;
      const { authenticator, id, codes } = await enrolPasskey(scene, viewer.session);
      const logIn = async (counter: number) => {
        const passkey = authenticator.assert(await challengeOf(scene), { counter });
        return (await tell(scene, 'POST /api/session/passkey', { json: { passkey } })).status;
      };
      assert.equal(await logIn(7), 200);
      assert.equal(await logIn(7), 401);
      assert.equal(await logIn(8), 401);
      const [row] = await auditOf(scene, 'passkey.suspended');
      assert.deepEqual([row?.object_id, row?.outcome, row?.actor_id], [id, 'refused', viewer.id]);
      const half = await logHalfIn(scene, viewer.email);
      assert.deepEqual([half.status, half.body.methods], [202, ['recovery_code']]);
      const json = { token: half.token, recovery_code: codes[0] };
      const { credential: as } = await tell(scene, 'POST /api/session/second-factor', { json });
      const { body } = await tell(scene, 'GET /api/factors', { as });
      assert.equal((body.passkeys as { suspended: boolean }[])[0]?.suspended, true);
      assert.equal(
        (await tell(scene, `POST /api/factors/passkeys/${id}/remove`, { as, json: { password } })).status,
        204,
      );
      assert.equal((await logHalfIn(scene, viewer.email)).status, 200);
    });

    test('without a counter holds as often as it is used', async () => {
      const scene = await createScene(await open(), { config });
      const { session: as } = scene.home.people.viewer;
      const options = await tell(scene, 'POST /api/factors/passkeys/options', { as, json: { password } });
      const authenticator = new SoftAuthenticator();
      const credential = authenticator.register(String(options.body.challenge), { counter: 0 });
      assert.equal(
        (await tell(scene, 'POST /api/factors/passkeys', { as, json: { name: 'synced', credential } })).status,
        201,
      );
      for (let count = 0; count < 2; count++) {
        const passkey = authenticator.assert(await challengeOf(scene), { counter: 0 });
        assert.equal((await tell(scene, 'POST /api/session/passkey', { json: { passkey } })).status, 200);
      }
    });

    test('is registered in the session that asked for it, on this page, by whoever knows the password', async () => {
      const scene = await createScene(await open(), { config });
      const { viewer, manager } = scene.home.people;
      const begin = (as = viewer.session) =>
        tell(scene, 'POST /api/factors/passkeys/options', { as, json: { password } });
      const finish = (credential: object, as = viewer.session) =>
        tell(scene, 'POST /api/factors/passkeys', { as, json: { name: 'key', credential } });
      const wrong = { as: viewer.session, json: { password: 'not the password' } };
      assert.equal((await tell(scene, 'POST /api/factors/passkeys/options', wrong)).status, 403);
      const challenge = String((await begin()).body.challenge);
      const authenticator = new SoftAuthenticator();
      const refused = [
        await finish(authenticator.register(challenge), manager.session),
        await finish(authenticator.register(challenge), await viewer.logIn()),
        await finish(authenticator.register(challenge, { origin: 'https://evil.example' })),
        await finish(authenticator.register(challenge, { rpId: 'evil.example' })),
        await finish(authenticator.register(await challengeOf(scene))),
      ];
      assert.deepEqual(
        refused.map(({ body }) => body.rule),
        refused.map(() => 'passkey'),
      );
      assert.equal((await finish(authenticator.register(challenge))).status, 201);
      assert.equal((await finish(authenticator.register(challenge))).status, 403, 'the challenge is spent');
      const again = String((await begin(manager.session)).body.challenge);
      const taken = await finish(authenticator.register(again), manager.session);
      assert.deepEqual([taken.status, taken.body.rule], [409, 'passkey-registered']);
    });

    test('is one of several, with names; the last one that goes leaves the password alone', async () => {
      const scene = await createScene(await open(), { config });
      const { viewer, manager } = scene.home.people;
      const as = viewer.session;
      const first = await enrolPasskey(scene, as);
      const second = await enrolPasskey(scene, as, { name: 'key ring' });
      assert.deepEqual(second.codes, [], 'recovery codes come with the first');
      const rename = (id: string, who = as) =>
        tell(scene, `PATCH /api/factors/passkeys/${id}`, { as: who, json: { name: 'old laptop' } });
      assert.equal((await rename(first.id)).status, 204);
      assert.equal((await rename(first.id, manager.session)).status, 404);
      const listed = (await tell(scene, 'GET /api/factors', { as })).body.passkeys as { name: string }[];
      assert.deepEqual(
        listed.map(({ name }) => name),
        ['old laptop', 'key ring'],
      );
      const remove = (id: string, who = as) =>
        tell(scene, `POST /api/factors/passkeys/${id}/remove`, { as: who, json: { password } });
      assert.equal((await remove(first.id, manager.session)).status, 404);
      assert.equal((await remove(first.id)).status, 204);
      const half = await logHalfIn(scene, viewer.email);
      const json = { token: half.token, passkey: second.authenticator.assert(half.challenge) };
      const other = await tell(scene, 'POST /api/session/second-factor', { json });
      assert.equal((await remove(second.id)).status, 204);
      assert.equal((await tell(scene, 'GET /api/session', { as: other.credential })).status, 401);
      const { body } = await tell(scene, 'GET /api/session', { as });
      assert.deepEqual(
        [body.second_factor_at, body.factors],
        [null, { totp: false, passkeys: 0, recovery_codes_left: 0 }],
      );
      assert.equal((await logHalfIn(scene, viewer.email)).status, 200);
    });

    test('of a stranger to the organisation, or of somebody disabled, opens nothing', async () => {
      const scene = await createScene(await open(), { config });
      const { admin, viewer } = scene.home.people;
      const { authenticator } = await enrolPasskey(scene, viewer.session);
      const passkey = authenticator.assert(await challengeOf(scene, '/o/other'));
      assert.equal((await tell(scene, 'POST /o/other/api/session/passkey', { json: { passkey } })).status, 401);
      await tell(scene, `PATCH /api/people/${viewer.id}`, { as: admin.session, json: { disabled: true } });
      const disabled = authenticator.assert(await challengeOf(scene));
      assert.equal((await tell(scene, 'POST /api/session/passkey', { json: { passkey: disabled } })).status, 401);
    });
  });

  suite('proving again who one is', () => {
    test('takes the second factor beside the password, unless it was given in this session within five minutes', async () => {
      const scene = await createScene(await open(), { config });
      const { admin, viewer } = scene.home.people;
      const { secret } = await enrolTotp(scene, admin.session);
      const makeAdmin = (proof: object) =>
        tell(scene, `POST /api/people/${viewer.id}/admin`, { as: admin.session, json: proof });
      assert.equal((await makeAdmin({ password })).status, 200, 'just enrolled');
      scene.travel(5 * minuteMs);
      for (const word of [password, 'not the password']) {
        const missing = await makeAdmin({ password: word });
        assert.deepEqual(
          [missing.status, missing.body.rule],
          [403, 'second-factor-missing'],
          'whether it is right or not',
        );
      }
      const totp = codeOf(scene, secret);
      const wrong = [
        await makeAdmin({ password: 'not the password', totp }),
        await makeAdmin({ password, recovery_code: 'aaaa-bbbb-cccc-dddd' }),
        await makeAdmin({ password, totp: '000000' === totp ? '111111' : '000000' }),
      ];
      assert.equal(new Set(wrong.map(({ body }) => `${body.rule} ${body.detail}`)).size, 1);
      assert.equal((await makeAdmin({ totp })).status, 400, 'a code is no password');
      assert.equal((await makeAdmin({ password, totp, recovery_code: 'a' })).status, 400, 'one at a time');
      assert.equal((await makeAdmin({ password, totp })).status, 200);
      assert.equal((await makeAdmin({ password })).status, 200, 'given within five minutes');
      assert.equal((await makeAdmin({ password: 'not the password' })).status, 403);
      assert.equal((await auditOf(scene, 'session.step_up_refused')).length, 4);
    });

    test('takes a passkey that verifies its person in the place of both, for this session and challenge alone', async () => {
      const scene = await createScene(await open(), { config });
      const { admin, viewer } = scene.home.people;
      const { authenticator } = await enrolPasskey(scene, admin.session);
      scene.travel(5 * minuteMs);
      const makeAdmin = (proof: object) =>
        tell(scene, `POST /api/people/${viewer.id}/admin`, { as: admin.session, json: proof });
      const challenge = async (as = admin.session) => {
        const { body } = await tell(scene, 'POST /api/factors/step-up-options', { as });
        return (body.options as { challenge: string }).challenge;
      };
      const unverified = { userVerified: false };
      assert.equal((await makeAdmin({ passkey: authenticator.assert(await challenge(), unverified) })).status, 403);
      assert.equal((await makeAdmin({ passkey: authenticator.assert(await challengeOf(scene)) })).status, 403);
      const half = await logHalfIn(scene, admin.email);
      const json = { token: half.token, passkey: authenticator.assert(half.challenge) };
      const { credential: elsewhere } = await tell(scene, 'POST /api/session/second-factor', { json });
      assert.equal((await makeAdmin({ passkey: authenticator.assert(await challenge(elsewhere)) })).status, 403);
      const both = { password, passkey: authenticator.assert(await challenge(), unverified) };
      assert.equal((await makeAdmin(both)).status, 200);
      scene.travel(5 * minuteMs);
      assert.equal((await makeAdmin({ passkey: authenticator.assert(await challenge()) })).status, 200);
      const none = await tell(scene, 'POST /api/factors/step-up-options', { as: viewer.session });
      assert.deepEqual(none.body, { options: null });
    });
  });
});

test('passkeys are for domain names over https, and for localhost', () => {
  const party = (url: string | undefined) => relyingPartyOf({ baseUrl: url });
  assert.deepEqual(party('https://a.example:8443/x'), { id: 'a.example', origin: 'https://a.example:8443' });
  assert.deepEqual(party('http://localhost:8787'), { id: 'localhost', origin: 'http://localhost:8787' });
  for (const none of [
    undefined,
    'http://a.example',
    'https://192.0.2.1',
    'https://[2001:db8::1]',
    'http://127.0.0.1:1',
  ]) {
    assert.equal(party(none), undefined, none);
  }
});

test('where browsers know no passkeys, none is offered, and an app is named instead', async (t) => {
  const scene = await openScene(t);
  const as = scene.home.people.viewer.session;
  const refused = await tell(scene, 'POST /api/factors/passkeys/options', { as, json: { password } });
  assert.deepEqual([refused.status, refused.body.rule], [409, 'passkeys-unavailable']);
  assert.deepEqual((await tell(scene, 'POST /api/session/passkey/options')).body, { options: null });
});
