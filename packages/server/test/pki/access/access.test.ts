/** Access by client certificate: who comes in, with what, until when, and all who stay outside. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { formatName } from '@signpost/protocol/x509/name';
import { systemActor } from '../../../src/audit/audit.ts';
import { listAudit, verifyAuditChain } from '../../../src/audit/store.ts';
import { revokeAuthority } from '../../../src/pki/authorities/end.ts';
import { holdCertificate, releaseCertificate, revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { createScene, openScene, password } from '../../http/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { type AccessScene, accessChoice, openAccess, proxy } from './visitors.ts';

const dayMs = 86_400_000;

async function ruleOf(answer: Response): Promise<string> {
  const { code, rule } = (await answer.json()) as { code: string; rule?: string };
  return `${answer.status} ${rule ?? code}`;
}

forEachEngine((_engine, open) => {
  suite('access by client certificate', () => {
    test('is given by by the rule for its name, subject or fingerprint, and does what the verbs say', async () => {
      const scene = await openAccess(await createScene(await open(), accessChoice));
      const { certificate, row } = await scene.issue();
      assert.equal(await ruleOf(await scene.show(certificate, 'GET', '/api/people')), '401 client-certificate');
      const matches = [
        { name: 'dns:CI.internal' },
        { subject: formatName(certificate.subject) },
        { fingerprint: row.fingerprint },
      ];
      for (const match of matches) {
        const made = await scene.allow({ match });
        assert.equal(made.status, 201, JSON.stringify(match));
        assert.equal((await scene.show(certificate, 'GET', '/api/people')).status, 200, JSON.stringify(match));
        const { id } = (await made.json()) as { id: string };
        const as = scene.home.people.admin.session;
        assert.equal((await scene.ask('DELETE', `/api/client-access/${id}`, { as })).status, 204);
        assert.equal((await scene.show(certificate, 'GET', '/api/people')).status, 401, 'at once');
        assert.equal((await scene.ask('DELETE', `/api/client-access/${id}`, { as })).status, 404);
      }
      await scene.allow({ verbs: ['read'] });
      assert.equal(await ruleOf(await scene.show(certificate, 'GET', '/api/people')), '403 role');
      assert.equal((await scene.show(certificate, 'GET', '/api/projects')).status, 200);
    });

    test('makes no admin of a manager, who issues certificates of the same name', async () => {
      const scene = await openAccess(await createScene(await open(), accessChoice));
      const { admin, manager } = scene.home.people;
      const issueAs = (id: string) => {
        const actor = { kind: 'person', id, sessionId: null } as const;
        return scene.issue({}, { ...scene.caller, actor });
      };
      const [own, forged] = [await issueAs(admin.id), await issueAs(manager.id)];
      await scene.allow({ verbs: ['read', 'admin'] });
      assert.equal((await scene.show(own.certificate, 'GET', '/api/people')).status, 200);
      assert.equal(await ruleOf(await scene.show(forged.certificate, 'GET', '/api/people')), '403 role');
      assert.equal((await scene.show(forged.certificate, 'GET', '/api/projects')).status, 200);
      // Whose bytes an admin has named is no affair of whoever issued it.
      await scene.allow({ match: { fingerprint: forged.row.fingerprint }, verbs: ['admin'] });
      assert.equal((await scene.show(forged.certificate, 'GET', '/api/people')).status, 200);
    });

    test('ends with the certificate, while that is held, and with its authority', async () => {
      const scene = await openAccess(await createScene(await open(), accessChoice));
      const { parts, caller } = scene;
      const [first, second] = [await scene.issue(), await scene.issue()];
      await scene.allow({});
      const come = async ({ certificate }: typeof first) =>
        (await scene.show(certificate, 'GET', '/api/people')).status;
      assert.deepEqual([await come(first), await come(second)], [200, 200]);
      await revokeCertificate(parts, caller, { id: first.row.id, reason: 'keyCompromise' });
      assert.deepEqual([await come(first), await come(second)], [401, 200]);
      await holdCertificate(parts, caller, second.row.id);
      assert.equal(await come(second), 401);
      await releaseCertificate(parts, caller, second.row.id);
      assert.equal(await come(second), 200);
      await revokeAuthority(parts, caller, { authority: 'issuing', reason: 'cACompromise', cascade: true });
      assert.equal(await come(second), 401);
    });

    test('is ruled by admins for an authority of their own, once for each match, and tells its last use', async () => {
      const scene = await openAccess(await createScene(await open(), accessChoice));
      const { admin, manager } = scene.home.people;
      const json = { name: 'ci', authority: 'issuing', match: { name: 'dns:ci.internal' }, verbs: ['read'] };
      const post = (wish: object, as = admin.session) =>
        scene.ask('POST', '/api/client-access', { as, json: { ...json, ...wish } });
      assert.equal((await post({}, manager.session)).status, 403);
      assert.equal((await post({ authority: 'nobody' })).status, 404);
      const wrong = [
        {},
        { name: 'dns:a b' },
        { name: 'ci.internal' },
        { fingerprint: 'ab' },
        { name: 'dns:a.b', subject: 'CN=x' },
      ];
      for (const match of wrong) assert.equal((await post({ match })).status, 400, JSON.stringify(match));
      assert.equal((await post({})).status, 201);
      assert.equal(await ruleOf(await post({})), '409 access-exists');
      const { certificate } = await scene.issue();
      await scene.show(certificate, 'GET', '/api/projects');
      const listed = await scene.ask('GET', '/api/client-access', { as: admin.session });
      const { client_access: rules } = (await listed.json()) as { client_access: Record<string, unknown>[] };
      assert.deepEqual(
        rules.map(({ name, authority, match, last_used_at, created_by }) => [
          name,
          authority,
          match,
          last_used_at,
          created_by,
        ]),
        [['ci', 'issuing', { kind: 'name', value: 'dns:ci.internal' }, '2026-11-21T09:00:00.000Z', admin.id]],
      );
      const elsewhere = await scene.ask('GET', '/o/other/api/client-access', { as: scene.other.people.admin.session });
      assert.deepEqual(await elsewhere.json(), { client_access: [] });
    });
  });
});

suite('a client certificate', () => {
  test('stands in the audit log by its id, and its changes need the header that no web page can send', async (t) => {
    const scene = await openAccess(await openScene(t, accessChoice));
    const { certificate, row } = await scene.issue();
    await scene.allow({ verbs: ['manage'] });
    const json = { slug: 'demo-app', name: 'Demo' };
    const lured = await scene.show(certificate, 'POST', '/api/projects', {
      json,
      headers: { 'x-signpost-request': '' },
    });
    assert.equal(lured.status, 201, 'empty is sent as well');
    const header = { 'client-cert': `:${encodeBase64(certificate.bytes)}:` };
    const simple = await scene.ask('POST', '/api/projects', { json, from: proxy, headers: header });
    assert.equal(await ruleOf(simple), '403 csrf');
    const [entry] = await listAudit(scene.database, {
      ...{ organisationId: scene.home.id, action: 'project.created', limit: 1 },
    });
    assert.deepEqual([entry?.actor_kind, entry?.actor_id], ['client-certificate', row.id]);
    await verifyAuditChain(scene.database);
  });

  test('ends when it, the rule or the role of the one who made the rule does', async (t) => {
    const scene = await openAccess(await openScene(t, accessChoice));
    const { admin, manager } = scene.home.people;
    const short = await scene.issue({ lifetimeMs: dayMs, name: 'dns:short.internal' });
    const long = await scene.issue();
    await scene.allow({ match: { name: 'dns:short.internal' } });
    await scene.allow({ expires_in_days: 3 });
    const come = async ({ certificate }: typeof short) => (await scene.show(certificate, 'GET', '/api/people')).status;
    assert.deepEqual([await come(short), await come(long)], [200, 200]);
    scene.travel(2 * dayMs);
    assert.deepEqual([await come(short), await come(long)], [401, 200]);
    scene.travel(2 * dayMs);
    assert.equal(await come(long), 401);

    const as = await admin.logIn();
    const change = (role: string) => scene.ask('PATCH', `/api/people/${manager.id}`, { as, json: { role } });
    await scene.ask('POST', `/api/people/${manager.id}/admin`, { as, json: { password } });
    const json = { name: 'b', authority: 'issuing', match: { subject: 'CN=ci' }, verbs: ['admin', 'read'] };
    assert.equal((await scene.ask('POST', '/api/client-access', { as: await manager.logIn(), json })).status, 201);
    assert.equal(await come(long), 200);
    await change('viewer');
    assert.equal(await come(long), 403);
    await scene.ask('PATCH', `/api/people/${manager.id}`, { as, json: { disabled: true } });
    assert.equal(await come(long), 401);
  });

  test('of another purpose, authority or organisation, or of nobody, stays outside', async (t) => {
    const scene = await openAccess(await openScene(t, accessChoice));
    const { parts } = scene;
    await scene.allow({});
    const server = await scene.issue({ profile: 'server', name: 'dns:ci.internal', subject: [] });
    const come = async (shown: Parameters<AccessScene['show']>[0], path = '/api/people') =>
      ruleOf(await scene.show(shown, 'GET', path));
    assert.equal(await come(server.certificate), '401 client-certificate', 'a server');
    const foreigner = { organisationId: scene.other.id, actor: systemActor };
    await scene.openAuthorities(foreigner);
    const foreign = await scene.issue({}, foreigner);
    assert.equal(await come(foreign.certificate), '401 client-certificate', 'another organisation');
    const own = await scene.issue();
    assert.equal(await come(own.certificate, '/o/other/api/people'), '401 client-certificate', 'elsewhere');
    const chain = own.issuer;
    assert.equal(await come(chain.certificate), '401 client-certificate', 'an authority itself');
    // In the database, but never signed by the authority that it names.
    const { query } = parts.database;
    const forged = Buffer.from(own.certificate.bytes);
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1);
    const fingerprint = await sha256(forged);
    await query
      .insertInto('certificate')
      .values({
        ...own.row,
        id: foreign.row.id.replace(/^./, 'f'),
        serial: 'ff',
        der: encodeBase64(forged),
        fingerprint,
      })
      .execute();
    assert.equal(await come({ bytes: new Uint8Array(forged) }), '401 client-certificate', 'a bad signature');
    assert.equal(await come({ bytes: new Uint8Array([0x30, 0]) }), '401 client-certificate', 'no certificate');
  });

  test('is not believed in a header that anybody but a trusted proxy sends, nor in one that is none', async (t) => {
    const scene = await openAccess(await openScene(t, accessChoice));
    const { certificate } = await scene.issue();
    await scene.allow({});
    const spoofed = await scene.show(certificate, 'GET', '/api/people', { from: '192.0.2.66' });
    assert.equal(await ruleOf(spoofed), '401 unauthenticated');
    const nginx = encodeURIComponent(encodePem('CERTIFICATE', certificate.bytes));
    assert.equal((await scene.show(nginx, 'GET', '/api/people')).status, 200, 'as nginx writes it');
    const text = encodeBase64(certificate.bytes);
    for (const header of [
      text,
      `:${text}`,
      `:${text}:, :${text}:`,
      ':!:',
      '%',
      `${nginx}${nginx}`,
      `:${'A'.repeat(20_000)}:`,
    ]) {
      assert.equal(await ruleOf(await scene.show(header, 'GET', '/api/people')), '401 client-cert-header', header);
      assert.equal((await scene.show(header, 'GET', '/api/openapi.json')).status, 200, 'what is public stays public');
    }
    assert.equal(await ruleOf(await scene.show('', 'GET', '/api/people')), '401 unauthenticated');
  });

  test('counts only where the settings ask for certificates, whatever proxies let through', async (t) => {
    const scene = await openAccess(await openScene(t, { ...accessChoice, config: { trustedProxies: [proxy] } }));
    const { certificate } = await scene.issue();
    await scene.allow({});
    assert.equal(await ruleOf(await scene.show(certificate, 'GET', '/api/people')), '401 unauthenticated');
  });

  test('counts only without another credential, and gives nobody else access', async (t) => {
    const scene = await openAccess(await openScene(t, accessChoice));
    const { certificate } = await scene.issue();
    await scene.allow({ verbs: ['admin', 'read'] });
    const { credential } = await scene.openKey({ organisationId: scene.home.id, verbs: ['read'] });
    const both = await scene.show(certificate, 'GET', '/api/people', { headers: credential });
    assert.equal(await ruleOf(both), '403 role', 'the key says who asks');
    const wrong = await scene.show(certificate, 'GET', '/api/people', { headers: { authorization: 'Bearer x' } });
    assert.equal(wrong.status, 401);
    for (const [path, json] of [
      ['/api/api-keys', { name: 'mine', verbs: ['admin'] }],
      ['/api/client-access', { name: 'mine', authority: 'issuing', match: { subject: 'CN=eve' }, verbs: ['admin'] }],
    ] as const) {
      assert.equal(await ruleOf(await scene.show(certificate, 'POST', path, { json })), '403 role');
    }
    assert.equal((await scene.show(certificate, 'GET', '/api/organisations')).status, 403, 'for people only');
  });

  test('with a scope reaches its project and no other', async (t) => {
    const scene = await openAccess(await openScene(t, accessChoice));
    const { certificate } = await scene.issue();
    const as = scene.home.people.admin.session;
    for (const slug of ['mine', 'theirs']) await scene.ask('POST', '/api/projects', { as, json: { slug, name: slug } });
    await scene.allow({ scope: 'project:mine', verbs: ['read'] });
    const statusOf = async (path: string) => (await scene.show(certificate, 'GET', path)).status;
    assert.equal(await statusOf('/api/projects/mine'), 200);
    assert.equal(await statusOf('/api/projects/theirs'), 404);
    assert.equal(await statusOf('/api/projects'), 403);
  });

  test('comes under the narrowest rule that matches', async (t) => {
    const scene = await openAccess(await openScene(t, accessChoice));
    const { certificate, row } = await scene.issue();
    await scene.allow({ match: { subject: 'CN=ci' }, verbs: ['admin'] });
    await scene.allow({ match: { fingerprint: row.fingerprint }, verbs: ['read'] });
    assert.equal((await scene.show(certificate, 'GET', '/api/people')).status, 403);
  });
});

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
