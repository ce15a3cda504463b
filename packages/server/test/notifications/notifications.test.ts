/** Notifications by mail: asked first, told once, in digests, and never lost while the server of mail is away. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { listAudit, recordAudits } from '../../src/audit/store.ts';
import { registerMailMetrics } from '../../src/notifications/metrics.ts';
import { mailJobKind, requestDueMail } from '../../src/notifications/notices/queue.ts';
import { recordNotices } from '../../src/notifications/notices/record.ts';
import { runMailJob } from '../../src/notifications/notices/send.ts';
import { pruneMail } from '../../src/notifications/prune.ts';
import { subscribe } from '../../src/notifications/subscriptions/subscription.ts';
import type { Database } from '../../src/storage/database.ts';
import { startWorker } from '../../src/storage/jobs.ts';
import { describeFinding, raiseFindings, tell } from '../../src/watch/findings/raise.ts';
import { findByFingerprint, updateFinding } from '../../src/watch/findings/store.ts';
import { openSmtpServer, type SmtpServer } from '../mail/smtp-server.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { forEachEngine } from '../storage/engines.ts';

const path = '/api/notifications';
const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];

forEachEngine((_, open) => {
  const closers: (() => unknown)[] = [];
  let [scene, smtp, manager, database] = [] as unknown as [PlanesScene, SmtpServer, Credential, Database];

  before(async () => {
    database = await open();
    smtp = await openSmtpServer();
    closers.push(() => smtp.close());
    const environment = {
      ...{ SIGNPOST_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, SIGNPOST_MAIL_FROM: 'signpost@sign.example' },
      SIGNPOST_BASE_URL: 'https://sign.example',
    };
    const choice = { database, environment };
    scene = await openPlanesScene({ after: (close) => void closers.push(close as () => unknown) }, choice);
    manager = await scene.openKey(scene.home, ['manage']);
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** The relay, the clock and the jobs, once; returns the mails, decoded. */
  async function deliver(): Promise<string[]> {
    await scene.relay.drain();
    await requestDueMail(scene.resources);
    const { now, log } = scene.resources;
    const handlers = { [mailJobKind]: (job: Parameters<typeof runMailJob>[1]) => runMailJob(scene.resources, job) };
    const worker = startWorker({ database, handlers, now, log, concurrency: 2 });
    await worker.drain();
    await worker.stop();
    return smtp.taken.splice(0).map(({ raw }) => raw.replaceAll(/=\r\n/g, '').replaceAll('=3D', '='));
  }

  const codeOf = (mail: string | undefined) => /confirm ([\w-]{32})/.exec(mail ?? '')?.[1] ?? 'none';

  async function add(wish: object): Promise<string> {
    const made = await scene.ask('POST', path, { as: manager, json: wish });
    assert.equal(made.status, 201, String(made.body));
    const [mail] = await deliver();
    const confirmed = await scene.ask('POST', `${path}/confirmation`, { json: { code: codeOf(mail) } });
    assert.equal(confirmed.status, 200, String(confirmed.body));
    // The limit is an hour's.
    scene.home.travel(hourMs);
    return String(made.json.id);
  }

  const finding = (subject: string) =>
    describeFinding('identity.new_owner', { subject, sentence: `${subject}\r\n.\r\nBcc: x@y.z \u202e` });

  async function raise(...subjects: string[]): Promise<void> {
    const place = { organisationId: scene.home.caller.organisationId, at: scene.resources.now() };
    await database.transaction(async (tx) => {
      const entries = await raiseFindings(tx, place, { findings: subjects.map(finding), excused: [] });
      await recordAudits(tx, place.at, entries);
    });
    await scene.relay.drain();
  }

  async function resolve(subject: string, state: 'resolved' | 'collapsed'): Promise<void> {
    const place = { organisationId: scene.home.caller.organisationId, at: scene.resources.now() };
    await database.transaction(async (tx) => {
      const row = await findByFingerprint(tx, { ...place, fingerprint: finding(subject).fingerprint });
      assert.ok(row);
      await updateFinding(tx, row, { state });
      await recordAudits(tx, place.at, [await tell(tx, place, { row: { ...row, state }, act: state, note: 'over' })]);
    });
    await scene.relay.drain();
  }

  const remove = (id: string) => scene.ask('DELETE', `${path}/${id}`, { as: manager });

  test('an address is asked first and told nothing before; a code works once, and stands nowhere', async () => {
    const json = { address: 'Ops@Corp.Example', least_severity: 'high' };
    const made = await scene.ask('POST', path, { as: manager, json });
    assert.equal(made.json.address, 'Ops@corp.example');
    await raise('before');
    const [mail, ...others] = await deliver();
    assert.deepEqual(others, []);
    assert.match(mail ?? '', /^To: Ops@corp\.example\r$/m);
    const code = codeOf(mail);
    const stored = await database.query.selectFrom('mail_subscription').selectAll().execute();
    const audit = await listAudit(database, { limit: 100 });
    const jobs = await database.query.selectFrom('job').selectAll().execute();
    assert.ok(!JSON.stringify([stored, audit, jobs, scene.lines]).includes(code));
    assert.equal((await scene.ask('POST', `${path}/${made.json.id}/test`, { as: manager })).status, 409);
    const confirm = () => scene.ask('POST', `${path}/confirmation`, { json: { code } });
    assert.equal((await confirm()).status, 200);
    assert.equal((await confirm()).status, 404);
    assert.deepEqual(await deliver(), [], 'what happened before is not told');
    await remove(String(made.json.id));
  });

  test('a code of yesterday confirms nothing, and the address may be asked again', async () => {
    const json = { address: 'late@corp.example' };
    assert.equal((await scene.ask('POST', path, { as: manager, json })).status, 201);
    const [mail] = await deliver();
    assert.equal((await scene.ask('POST', path, { as: manager, json })).status, 409);
    scene.home.travel(dayMs + 1);
    const late = await scene.ask('POST', `${path}/confirmation`, { json: { code: codeOf(mail) } });
    assert.equal(late.status, 404);
    const id = await add(json);
    await remove(id);
  });

  test('a change is one mail, however often the bus tells it, and its words end no header', async () => {
    const id = await add({ address: 'once@corp.example', least_severity: 'critical' });
    await raise('twice', 'too');
    const events = await database.query
      .selectFrom('outbox')
      .selectAll()
      .where('topic', 'like', 'watch.finding.%')
      .execute();
    const [mail = '', ...others] = await deliver();
    assert.deepEqual(others, []);
    assert.match(mail, /^Subject: \[Signpost\] The watch tells: 2 findings, the worst critical\r$/m);
    assert.match(mail, /details: "twice\\u\{d\}\\u\{a\}\.\\u\{d\}\\u\{a\}Bcc: x@y\.z \\u\{202e\}"/);
    assert.match(mail, /https:\/\/sign\.example\/api\/watch\/findings\//);
    assert.doesNotMatch(mail, /^Bcc:/m);
    for (const row of events) {
      const { organisation_id: organisationId, created_at: at } = row;
      await recordNotices(scene.resources, { ...row, organisationId, at, payload: JSON.parse(row.payload) });
    }
    scene.home.travel(minuteMs);
    assert.deepEqual(await deliver(), []);
    await remove(id);
  });

  test('what one finding tells for many is not told by each', async () => {
    const id = await add({ address: 'mass@corp.example', pace: 'daily' });
    await raise('one of many');
    await resolve('one of many', 'collapsed');
    scene.home.travel(dayMs);
    assert.deepEqual(await deliver(), []);
    const { state } = await database.query
      .selectFrom('mail_notice')
      .select('state')
      .where('subscription_id', '=', id)
      .where('kind', '=', 'finding')
      .executeTakeFirstOrThrow();
    assert.equal(state, 'merged');
    await remove(id);
  });

  test('a digest tells a day in one mail at 06:00 UTC, each finding once, and an empty day in none', async () => {
    const id = await add({ address: 'daily@corp.example', pace: 'daily', least_severity: 'note' });
    await raise('first', 'second');
    scene.home.travel(1);
    await resolve('first', 'resolved');
    assert.deepEqual(await deliver(), []);
    const now = scene.resources.now();
    scene.home.travel(((30 * hourMs - (now % dayMs)) % dayMs) - 1);
    assert.deepEqual(await deliver(), []);
    scene.home.travel(1);
    const [mail = '', ...others] = await deliver();
    assert.deepEqual(others, []);
    assert.match(mail, /Of the last day: 2 findings/);
    assert.match(mail, /happened: opened \S+, resolved /);
    scene.home.travel(dayMs);
    assert.deepEqual(await deliver(), []);
    await remove(id);
  });

  test('mail waits while nobody takes it, goes out when somebody does, and is given up after three days', async () => {
    const id = await add({ address: 'wait@corp.example' });
    smtp.behaviour.answers = { RCPT: '450 not now' };
    await raise('waits');
    assert.deepEqual(await deliver(), []);
    smtp.behaviour.answers = {};
    assert.deepEqual(await deliver(), [], 'its pause is not over');
    scene.home.travel(5 * minuteMs);
    assert.equal((await deliver()).length, 1);
    scene.home.travel(minuteMs);
    smtp.behaviour.answers = { RCPT: '450 not now' };
    await raise('is late');
    await deliver();
    scene.home.travel(3 * dayMs);
    smtp.behaviour.answers = {};
    assert.deepEqual(await deliver(), []);
    const gone = (await listAudit(database, { action: 'mail_subscription.gave_up', limit: 10 })).at(-1);
    assert.equal(gone?.object_id, id);
    const registry = new Registry();
    registerMailMetrics(registry, scene.resources);
    assert.match(await registry.metrics(), /signpost_mail_notices\{state="dead"\} 1\n/);
    await remove(id);
  });

  test('what is refused for good is given up at once', async () => {
    const id = await add({ address: 'gone@corp.example' });
    smtp.behaviour.answers = { RCPT: '550 nobody of that name' };
    await raise('to nobody');
    await deliver();
    smtp.behaviour.answers = {};
    const gone = (await listAudit(database, { action: 'mail_subscription.gave_up', limit: 10 })).at(-1);
    assert.deepEqual([gone?.object_id, JSON.parse(gone?.detail ?? '{}').reason], [id, 'EENVELOPE 550']);
    await remove(id);
  });

  test('a trial is sent once a minute at most', async () => {
    const id = await add({ address: 'trial@corp.example' });
    const tryOut = () => scene.ask('POST', `${path}/${id}/test`, { as: manager });
    assert.equal((await tryOut()).status, 202);
    assert.equal((await tryOut()).status, 429);
    assert.match((await deliver())[0] ?? '', /Mail of the watch arrives here/);
    await remove(id);
    assert.equal((await tryOut()).status, 404);
  });

  test('viewers and other organisations see nothing, and what is no address is refused', async () => {
    const id = await add({ address: 'own@corp.example' });
    const viewer = await scene.openKey(scene.home, ['read']);
    const other = await scene.openKey(scene.other, ['manage']);
    assert.equal((await scene.ask('GET', path, { as: viewer })).status, 403);
    const headers = { host: 'other.example' };
    assert.equal((await scene.ask('DELETE', `${path}/${id}`, { as: other, headers })).status, 404);
    for (const address of ['a@b.c\r\nBcc: x@y.z', 'A <a@b.de>', 'a@b.de,c@d.de']) {
      assert.equal((await scene.ask('POST', path, { as: manager, json: { address } })).status, 400, address);
    }
    await remove(id);
  });

  test('strangers are not flooded with questions', async () => {
    const json = { address: 'flood@corp.example' };
    for (let asked = 0; asked < 3; asked += 1) {
      const made = await scene.ask('POST', path, { as: manager, json });
      assert.equal(made.status, 201);
      await remove(String(made.json.id));
    }
    assert.equal((await scene.ask('POST', path, { as: manager, json })).status, 429);
    assert.deepEqual(await deliver(), [], 'what was removed is not sent');
    scene.home.travel(40 * dayMs);
    await pruneMail(scene.resources);
    assert.deepEqual(await database.query.selectFrom('mail_notice').selectAll().execute(), []);
  });

  test('without a server of mail every wish says so', async () => {
    const parts = { ...scene.resources, mailer: undefined };
    const wish = { address: 'a@b.de', kind: 'watch.finding', least_severity: 'low', pace: 'daily' } as const;
    await assert.rejects(subscribe(parts, scene.home.caller, wish), { code: 'unavailable', rule: 'mail-off' });
  });
});
