/** People are told by mail when what they sign in with has changed, whoever changed it. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { accountMailJobKind } from '../../../src/accounts/notices/queue.ts';
import { type AccountMailParts, runAccountMail } from '../../../src/accounts/notices/send.ts';
import { createMailer } from '../../../src/mail/mailer.ts';
import { startWorker } from '../../../src/storage/jobs.ts';
import { createScene, password, type Scene } from '../../http/scene.ts';
import { openSmtpServer, type SmtpServer } from '../../mail/smtp-server.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import { baseUrl, codeOf, enrolPasskey, enrolTotp, logHalfIn, tell } from '../factors/people.ts';

const [minuteMs, dayMs] = [60_000, 86_400_000];

forEachEngine((_engine, open) => {
  suite('word of a changed account', () => {
    let smtp: SmtpServer;
    before(async () => {
      smtp = await openSmtpServer();
    });
    after(() => smtp?.close());

    /** Runs what is due once; returns recipient and subject of what was taken, and how attempts ended. */
    async function deliver(scene: Scene, hasMail = true) {
      const ended: string[] = [];
      const sender = { server: { host: '127.0.0.1', port: smtp.port, security: 'none', user: undefined } as const };
      const parts: AccountMailParts = {
        ...{ database: scene.database, now: scene.now, config: { baseUrl }, log: { warn: () => undefined } },
        mailer: hasMail
          ? createMailer({ ...sender, from: 'signpost@sign.example', passwordFile: undefined })
          : undefined,
        noteAttempt: (how) => ended.push(how),
      };
      const handlers = {
        [accountMailJobKind]: (job: Parameters<typeof runAccountMail>[1]) => runAccountMail(parts, job),
      };
      const worker = startWorker({ ...parts, handlers, concurrency: 1 });
      await worker.drain();
      await worker.stop();
      const mails = smtp.taken.splice(0).map(({ to, raw }) => ({
        ...{ to: to.join(), raw: raw.replaceAll(/=\r\n/g, '').replaceAll('=3D', '=') },
        subject: /^Subject: \[Signpost\] (.*)\r$/m.exec(raw)?.[1],
        id: /^Message-ID: (.*)\r$/m.exec(raw)?.[1],
      }));
      return { mails, ended, subjects: mails.map(({ subject }) => subject) };
    }

    test('comes for whatever was added, removed, made, used or reset, and holds nothing secret', async () => {
      const scene = await createScene(await open(), { config: { baseUrl } });
      const { viewer, admin } = scene.home.people;
      const as = viewer.session;
      const { secret, codes } = await enrolTotp(scene, as);
      const first = await deliver(scene);
      assert.deepEqual(first.subjects, ['An authenticator app was added to your account'], 'one mail, with its codes');
      assert.equal(first.mails[0]?.to, `RCPT TO:<${viewer.email}>`);
      assert.match(String(first.mails[0]?.raw), /on the Signpost server https:\/\/signpost\.example, at 2026-/);
      const passkey = await enrolPasskey(scene, as);
      const made = await tell(scene, 'POST /api/factors/recovery-codes', { as, json: { password } });
      const [code = ''] = made.body.recovery_codes as string[];
      const { token } = await logHalfIn(scene, viewer.email);
      await tell(scene, 'POST /api/session/second-factor', { json: { token, recovery_code: code } });
      await tell(scene, `POST /api/factors/passkeys/${passkey.id}/remove`, { as, json: { password } });
      await tell(scene, 'POST /api/factors/totp/remove', { as, json: { password } });
      const next = { current: password, new: 'quite another password' };
      assert.equal((await tell(scene, 'POST /api/session/password', { as, json: next })).status, 204);
      const told = await deliver(scene);
      assert.deepEqual(told.subjects.toSorted(), [
        'A passkey was added to your account',
        'A passkey was removed from your account',
        'A recovery code of yours was used',
        'New recovery codes were made for your account',
        'The authenticator app was removed from your account',
        'Your password was changed',
      ]);
      const text = [...first.mails, ...told.mails].map(({ raw }) => raw).join('\n');
      for (const hidden of [secret, ...codes, code, password, 'quite another password'])
        assert.ok(!text.includes(hidden));
      assert.equal(
        (await tell(scene, `POST /api/people/${viewer.id}/factors/reset`, { as: admin.session, json: { password } }))
          .status,
        204,
      );
      assert.deepEqual((await deliver(scene)).subjects, ['Your second factors were taken away']);
    });

    test('comes to all whose apps a reset of the vault ends', async () => {
      const scene = await createScene(await open());
      const { viewer, manager, admin } = scene.home.people;
      await enrolTotp(scene, viewer.session);
      await deliver(scene);
      await tell(scene, 'POST /api/factors/totp', { as: manager.session, json: { password } });
      const json = { email: admin.email, password, new_master_password: `${masterPassword} 2`, confirm: 'reset' };
      assert.equal((await tell(scene, 'POST /api/vault/reset', { json })).status, 200);
      const { mails } = await deliver(scene);
      assert.deepEqual(
        mails.map(({ to, subject }) => [to, subject]),
        [[`RCPT TO:<${viewer.email}>`, 'The authenticator app was removed from your account']],
      );
    });

    test('waits for a server of mail that is away, is given up after three days, and is nothing without one', async () => {
      const scene = await createScene(await open());
      const { viewer } = scene.home.people;
      const { secret } = await enrolTotp(scene, viewer.session);
      const makeCodes = async () => {
        scene.travel(minuteMs);
        const json = { password, totp: codeOf(scene, secret) };
        const made = await tell(scene, 'POST /api/factors/recovery-codes', { as: viewer.session, json });
        assert.equal(made.status, 200, JSON.stringify(made.body));
      };
      assert.deepEqual(await deliver(scene, false), { mails: [], ended: [], subjects: [] });
      assert.deepEqual((await deliver(scene)).ended, [], 'what was dropped is not sent later');
      await makeCodes();
      smtp.behaviour.answers = { RCPT: '451 later' };
      assert.deepEqual((await deliver(scene)).ended, ['put-off']);
      scene.travel(minuteMs);
      assert.deepEqual((await deliver(scene)).ended, [], 'not before its pause is over');
      smtp.behaviour.answers = {};
      scene.travel(5 * minuteMs);
      assert.deepEqual((await deliver(scene)).subjects, ['New recovery codes were made for your account']);
      await makeCodes();
      smtp.behaviour.answers = { RCPT: '550 nobody' };
      assert.deepEqual((await deliver(scene)).ended, ['refused', 'dead']);
      await makeCodes();
      smtp.behaviour.answers = { RCPT: '451 later' };
      await deliver(scene);
      scene.travel(3 * dayMs);
      assert.deepEqual((await deliver(scene)).ended, ['put-off', 'dead']);
      smtp.behaviour.answers = {};
      scene.travel(dayMs);
      assert.deepEqual((await deliver(scene)).ended, []);
    });
  });
});
