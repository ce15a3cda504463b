import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createScene, password } from '../../http/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import { auditOf, codeOf, enrolTotp, logHalfIn, tell, wrongCodeOf } from './people.ts';

const minuteMs = 60_000;

forEachEngine((_engine, open) => {
  suite('an authenticator app', () => {
    test('counts once a code confirms it: then the password alone opens nothing', async () => {
      const scene = await createScene(await open());
      const { viewer } = scene.home.people;
      const offered = await tell(scene, 'POST /api/factors/totp', { as: viewer.session, json: { password } });
      assert.match(String(offered.body.uri), /^otpauth:\/\/totp\/Signpost:viewer%40default\.example\?secret=/);
      const secret = String(offered.body.secret);
      assert.equal((await logHalfIn(scene, viewer.email)).status, 200, 'not before');
      const confirm = (code: string) =>
        tell(scene, 'POST /api/factors/totp/confirm', { as: viewer.session, json: { code } });
      const refused = await confirm(wrongCodeOf(scene, secret));
      assert.deepEqual([refused.status, refused.body.rule], [403, 'totp-code']);
      const { body } = await confirm(codeOf(scene, secret));
      assert.equal(new Set(body.recovery_codes as string[]).size, 10);
      assert.equal((await confirm(codeOf(scene, secret))).body.rule, 'totp-not-offered');
      const half = await logHalfIn(scene, viewer.email);
      assert.deepEqual([half.status, half.body.methods, half.body.passkey], [202, ['totp', 'recovery_code'], null]);
      assert.equal(half.credential.cookie, '');
      const text = JSON.stringify(await scene.database.query.selectFrom('totp_factor').selectAll().execute());
      assert.ok(!text.includes(secret), 'sealed');
      assert.ok(!scene.lines.join().includes(secret));
      for (const action of ['totp.offered', 'totp.enrolled', 'recovery_codes.made']) {
        assert.equal((await auditOf(scene, action)).length, 1, action);
      }
    });

    test('ends all other sessions of its person, which rest on the password alone', async () => {
      const scene = await createScene(await open());
      const { viewer, manager } = scene.home.people;
      const second = await viewer.logIn();
      await enrolTotp(scene, viewer.session);
      assert.equal((await tell(scene, 'GET /api/session', { as: second })).status, 401);
      assert.equal((await tell(scene, 'GET /api/session', { as: manager.session })).status, 200);
      await assert.rejects(viewer.logIn(), { code: 'unauthenticated' }, 'nor one that was just being opened');
      const own = await tell(scene, 'GET /api/session', { as: viewer.session });
      assert.deepEqual(own.body.factors, { totp: true, passkeys: 0, recovery_codes_left: 10 });
      assert.equal(own.body.second_factor_at, '2026-11-21T09:00:00.000Z');
    });

    test('opens a session in the second step, with each code once', async () => {
      const scene = await createScene(await open());
      const { viewer } = scene.home.people;
      const { secret } = await enrolTotp(scene, viewer.session);
      const { token } = await logHalfIn(scene, viewer.email);
      const complete = (json: object) => tell(scene, 'POST /api/session/second-factor', { json });
      const totp = codeOf(scene, secret);
      const opened = await complete({ token, totp });
      assert.equal(opened.status, 200);
      assert.equal((await tell(scene, 'GET /api/session', { as: opened.credential })).status, 200);
      const again = await logHalfIn(scene, viewer.email);
      assert.deepEqual((await complete({ token: again.token, totp })).status, 401, 'a code that was taken');
      assert.equal((await complete({ token, totp: codeOf(scene, secret, 1) })).status, 401, 'a token that was spent');
      assert.equal((await complete({ token: again.token, totp: codeOf(scene, secret, 1) })).status, 200);
      const [session] = (await auditOf(scene, 'session.opened')).slice(-1);
      assert.equal(session?.detail, '{"by":"totp"}');
    });

    test('that two use with the same code at once opens one session', async () => {
      const scene = await createScene(await open());
      const { viewer } = scene.home.people;
      const { secret } = await enrolTotp(scene, viewer.session);
      const halves = await Promise.all([1, 2, 3].map(() => logHalfIn(scene, viewer.email)));
      const totp = codeOf(scene, secret);
      const answers = await Promise.all(
        halves.map(({ token }) => tell(scene, 'POST /api/session/second-factor', { json: { token, totp } })),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401]);
    });

    test('makes whoever guesses wait, ever longer, and the recovery codes hold all the while', async () => {
      const scene = await createScene(await open());
      const { viewer } = scene.home.people;
      const { secret, codes } = await enrolTotp(scene, viewer.session);
      const attempt = async (proof: object) => {
        const { token } = await logHalfIn(scene, viewer.email);
        return (await tell(scene, 'POST /api/session/second-factor', { json: { token, ...proof } })).status;
      };
      const wrong = () => attempt({ totp: wrongCodeOf(scene, secret) });
      for (let count = 0; count < 5; count++) assert.equal(await wrong(), 401);
      assert.equal(await attempt({ totp: codeOf(scene, secret) }), 429, 'the right one, too');
      assert.equal(await attempt({ recovery_code: codes[0] }), 200);
      scene.travel(minuteMs);
      assert.equal(await wrong(), 401);
      scene.travel(minuteMs);
      assert.equal(await wrong(), 429);
      scene.travel(minuteMs);
      assert.equal(await attempt({ totp: codeOf(scene, secret) }), 200);
      assert.equal(await wrong(), 401, 'a right one begins anew');
      const refused = await auditOf(scene, 'session.second_factor_refused');
      assert.equal(refused.length, 9, 'those at which nothing was looked at are on record, too');
      assert.equal(refused.filter(({ detail }) => detail?.includes('totp-patience')).length, 2);
      assert.ok(refused.every(({ actor_kind: kind, actor_id: id }) => kind === 'person' && id === viewer.id));
    });

    test('is confirmed within a quarter of an hour, and begun with by whoever knows the password', async () => {
      const scene = await createScene(await open());
      const { session: as } = scene.home.people.viewer;
      const wrong = await tell(scene, 'POST /api/factors/totp', { as, json: { password: 'not the password' } });
      assert.deepEqual([wrong.status, wrong.body.rule], [403, 'step-up']);
      assert.equal((await tell(scene, 'POST /api/factors/totp', { as, json: {} })).status, 400);
      const offered = await tell(scene, 'POST /api/factors/totp', { as, json: { password } });
      scene.travel(15 * minuteMs + 1);
      const json = { code: codeOf(scene, String(offered.body.secret)) };
      const late = await tell(scene, 'POST /api/factors/totp/confirm', { as, json });
      assert.deepEqual([late.status, late.body.rule], [409, 'totp-not-offered']);
    });

    test('cannot be exchanged by moving its row: the secret opens for its person alone', async () => {
      const scene = await createScene(await open());
      const { viewer, manager } = scene.home.people;
      const { secret } = await enrolTotp(scene, viewer.session);
      await enrolTotp(scene, manager.session);
      const { query } = scene.database;
      const row = await query
        .selectFrom('totp_factor')
        .select('sealed_secret')
        .where('person_id', '=', viewer.id)
        .executeTakeFirstOrThrow();
      await query.updateTable('totp_factor').set(row).where('person_id', '=', manager.id).execute();
      const { token } = await logHalfIn(scene, manager.email);
      const json = { token, totp: codeOf(scene, secret) };
      assert.equal((await tell(scene, 'POST /api/session/second-factor', { json })).status, 503);
    });

    test('is gone after a reset of the vault, which an admin proves by a recovery code while it is locked', async () => {
      const scene = await createScene(await open());
      const { admin, viewer } = scene.home.people;
      const { secret, codes } = await enrolTotp(scene, admin.session);
      await enrolTotp(scene, viewer.session);
      scene.vault.lock();
      const reset = (proof: object) =>
        tell(scene, 'POST /api/vault/reset', {
          json: { email: admin.email, password, ...proof, new_master_password: `${masterPassword}!`, confirm: 'reset' },
        });
      const wrong = await reset({ password: 'not the password', recovery_code: codes[0] });
      for (const refused of [await reset({}), await reset({ totp: codeOf(scene, secret) }), wrong]) {
        assert.deepEqual([refused.status, refused.body.rule], [403, 'step-up']);
        assert.equal(refused.body.detail, wrong.body.detail);
      }
      assert.equal((await reset({ recovery_code: codes[0] })).status, 200);
      assert.equal((await auditOf(scene, 'recovery_code.used'))[0]?.actor_id, admin.id);
      assert.equal((await logHalfIn(scene, viewer.email)).status, 200, 'there is nothing left to ask for');
      const { query } = scene.database;
      for (const table of ['totp_factor', 'recovery_code'] as const) {
        assert.deepEqual(await query.selectFrom(table).selectAll().execute(), []);
      }
    });

    test('is on record for a reset that was refused: as the act of whoever gave the right password, else of nobody', async () => {
      const scene = await createScene(await open());
      const { admin, manager } = scene.home.people;
      const { secret } = await enrolTotp(scene, admin.session);
      const reset = async (proof: object) => {
        const json = { password, ...proof, new_master_password: `${masterPassword}!`, confirm: 'reset' };
        assert.equal((await tell(scene, 'POST /api/vault/reset', { json })).status, 403);
        const row = (await auditOf(scene, 'session.step_up_refused')).at(-1);
        return [row?.actor_kind, row?.actor_id, row?.object_id];
      };
      const { id, email } = admin;
      const totp = wrongCodeOf(scene, secret);
      assert.deepEqual(await reset({ email, totp, password: 'not the password' }), ['anonymous', null, id]);
      assert.deepEqual(await reset({ email, totp }), ['person', id, id]);
      assert.deepEqual(await reset({ email }), ['person', id, id]);
      assert.deepEqual(await reset({ email: manager.email }), ['person', manager.id, manager.id]);
      assert.deepEqual(await reset({ email: 'nobody@mail.example' }), ['anonymous', null, 'unknown']);
    });
  });

  suite('a half-session', () => {
    test('does nothing but give the second factor, ends after five minutes, and with the password', async () => {
      const scene = await createScene(await open());
      const { viewer } = scene.home.people;
      const { secret } = await enrolTotp(scene, viewer.session);
      const half = await logHalfIn(scene, viewer.email);
      for (const credential of [
        { cookie: `__Host-signpost=${half.token}` },
        { authorization: `Bearer ${half.token}` },
      ]) {
        assert.equal((await tell(scene, 'GET /api/session', { as: credential })).status, 401);
      }
      const complete = (token: string) =>
        tell(scene, 'POST /api/session/second-factor', { json: { token, totp: codeOf(scene, secret) } });
      const other = `${scene.home.people.manager.id}.${half.token.split('.')[1]}`;
      for (const token of ['', 'x', other, `${half.token}x`, viewer.id]) {
        assert.equal((await complete(token)).status, token === '' ? 401 : 401, token);
      }
      assert.equal(
        (
          await tell(scene, 'POST /o/other/api/session/second-factor', {
            json: { token: half.token, totp: codeOf(scene, secret) },
          })
        ).status,
        401,
      );
      scene.travel(5 * minuteMs);
      assert.equal((await complete(half.token)).status, 401);
      const fresh = await logHalfIn(scene, viewer.email);
      const change = { current: password, new: 'another long password', totp: codeOf(scene, secret) };
      assert.equal((await tell(scene, 'POST /api/session/password', { as: viewer.session, json: change })).status, 204);
      scene.travel(30_000);
      assert.equal((await complete(fresh.token)).status, 401);
    });

    test('is told the same whatever is wrong with it, and says nothing to those who do not know the password', async () => {
      const scene = await createScene(await open());
      const { viewer, manager } = scene.home.people;
      const { secret, codes } = await enrolTotp(scene, viewer.session);
      const { token } = await logHalfIn(scene, viewer.email);
      const json = [
        { token, totp: wrongCodeOf(scene, secret) },
        { token, recovery_code: 'aaaa-bbbb-cccc-dddd' },
        { token: 'x', recovery_code: codes[0] },
        { token: `${manager.id}.${'A'.repeat(72)}`, recovery_code: codes[0] },
      ];
      const answers = await Promise.all(
        json.map((body) => scene.ask('POST', '/api/session/second-factor', { json: body })),
      );
      assert.equal(new Set(await Promise.all(answers.map((answer) => answer.text()))).size, 1);
      const wrong = (email: string) =>
        scene.ask('POST', '/api/session', { json: { email, password: 'not the password' } });
      const refused = await Promise.all([viewer.email, manager.email, 'nobody@default.example'].map(wrong));
      assert.equal(new Set(await Promise.all(refused.map((answer) => answer.text()))).size, 1);
      assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([401]));
    });
  });

  suite('recovery codes', () => {
    test('hold once each, however they are written, and no more once there are new ones', async () => {
      const scene = await createScene(await open());
      const { viewer } = scene.home.people;
      const { secret, codes } = await enrolTotp(scene, viewer.session);
      const [first = '', second = '', third = ''] = codes;
      const recover = async (code: string) => {
        const { token } = await logHalfIn(scene, viewer.email);
        return tell(scene, 'POST /api/session/second-factor', { json: { token, recovery_code: code } });
      };
      assert.equal((await recover(first)).status, 200);
      assert.equal((await recover(first)).status, 401);
      assert.equal((await recover(` ${second.toUpperCase().replaceAll('-', ' ')}`)).status, 200);
      const remake = (proof: object) =>
        tell(scene, 'POST /api/factors/recovery-codes', { as: viewer.session, json: proof });
      scene.travel(5 * minuteMs);
      assert.equal((await remake({ password })).body.rule, 'second-factor-missing');
      const made = await remake({ password, totp: codeOf(scene, secret) });
      assert.equal((made.body.recovery_codes as string[]).length, 10);
      assert.equal((await recover(third)).status, 401);
      const rows = JSON.stringify(await scene.database.query.selectFrom('recovery_code').selectAll().execute());
      for (const code of [...codes, ...(made.body.recovery_codes as string[])]) assert.ok(!rows.includes(code));
      assert.equal((await auditOf(scene, 'recovery_code.used')).length, 2);
    });

    test('are for those who have a second factor', async () => {
      const scene = await createScene(await open());
      const { session: as } = scene.home.people.viewer;
      const refused = await tell(scene, 'POST /api/factors/recovery-codes', { as, json: { password } });
      assert.deepEqual([refused.status, refused.body.rule], [409, 'no-second-factor']);
    });
  });
});
