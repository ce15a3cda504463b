import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import document from '../../../src/pki/profiles/profiles.json' with { type: 'json' };
import { problem } from '../../planes-problem.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { pkiSceneOf } from '../scene.ts';
import { writeRequest } from './desk.ts';

type Json = Readonly<Record<string, unknown>>;

suite('the API of certificates', () => {
  let scene: PlanesScene;
  let who: Readonly<Record<'admin' | 'manager' | 'viewer' | 'stranger' | 'manageKey', Credential>>;

  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers) await close();
  });

  before(async () => {
    scene = await openPlanesScene({ after: (close) => void closers.push(close as () => unknown) });
    const pki = pkiSceneOf(scene.home);
    await pki.createRoot();
    await pki.createIntermediate();
    who = {
      admin: await scene.openPerson(scene.home, 'admin'),
      manager: await scene.openPerson(scene.home, 'manager'),
      viewer: await scene.openPerson(scene.home, 'viewer'),
      stranger: await scene.openKey(scene.other, ['read', 'manage', 'admin']),
      manageKey: await scene.openKey(scene.home, ['manage']),
    };
  });

  const ask = (as: keyof typeof who, method: string, path: string, json?: unknown, prefix = '') =>
    scene.ask(method, `${prefix}${path}`, { as: who[as], ...(json === undefined ? {} : { json }) });
  const issue = async (wish: Json = {}, as: keyof typeof who = 'manager') =>
    ask(as, 'POST', '/api/certificates', {
      authority: 'issuing',
      profile: 'server',
      ...(await requestFor(wish)),
      ...wish,
    });
  const requestFor = async ({ key }: Json) =>
    key === undefined ? { request: encodePem('CERTIFICATE REQUEST', await writeRequest()) } : {};
  const issued = async (wish: Json = {}) => {
    const { status, json } = await issue(wish);
    assert.equal(status, 201);
    return json as { readonly id: string; readonly certificate: string; readonly chain: string };
  };

  test('issues nothing for requests that their keys have not signed, one by itself or many beside good ones', async () => {
    const count = async () => {
      const { json } = await ask('manager', 'GET', '/api/certificates?limit=500');
      return (json as { readonly certificates: readonly unknown[] }).certificates.length;
    };
    const before = await count();
    const changed = async (offset: number) => {
      const der = await writeRequest();
      der[der.length - offset] = (der.at(-offset) ?? 0) ^ 1;
      return encodePem('CERTIFICATE REQUEST', der);
    };
    const refused = '400 request-signature';
    assert.equal(problem(await issue({ request: await changed(1) })), refused);
    const many = await Promise.all(
      Array.from({ length: 18 }, async (_, at) => issue(at % 3 === 0 ? {} : { request: await changed(at) })),
    );
    for (const [at, answer] of many.entries()) {
      if (at % 3 === 0) assert.equal(answer.status, 201);
      else assert.equal(problem(answer), refused);
    }
    assert.equal(await count(), before + 6);
  });

  test('issues from a request, and for a key that the server makes', async () => {
    const { certificate, chain } = await issued();
    assert.match(certificate, /^-----BEGIN CERTIFICATE-----\n/);
    assert.equal(chain.split('BEGIN CERTIFICATE').length, 2);
    const made = await issued({
      key: 'ecdsa-p256',
      names: ['dns:made.example'],
      subject: { CN: 'made.example', O: 'Example' },
    });
    const { json } = await ask('viewer', 'GET', `/api/certificates/${made.id}`);
    assert.equal(json.has_key, true);
    assert.equal(json.subject, 'O=Example, CN=made.example');
    assert.equal(JSON.stringify(json).includes('v1.'), false);
  });

  test('shows one in words', async () => {
    const { id } = await issued({ lifetime: '10d' });
    const { json } = await ask('viewer', 'GET', `/api/certificates/${id}`);
    assert.deepEqual(
      [json.basic_constraints, json.key_usage, json.extended_key_usage, json.signature_algorithm],
      ['not an authority', ['signs data and log-ins'], ['TLS server'], 'ECDSA with SHA-256'],
    );
    assert.deepEqual(json.validity, { days: 10, days_left: 10, percent_elapsed: 0 });
    assert.equal((json.chain as unknown[]).length, 2);
    assert.equal((json.key as Json).type, 'ECDSA P-256');
  });

  test('lists in pages, newest first, by text, state, profile, issuer and end', async () => {
    const { id } = await issued({
      key: 'ecdsa-p256',
      names: ['dns:find_me.example'.replace('_', '-')],
      lifetime: '1d',
    });
    const list = async (query: string) => (await ask('viewer', 'GET', `/api/certificates?${query}`)).json;
    const ids = async (query: string) => ((await list(query)).certificates as { id: string }[]).map((one) => one.id);
    assert.deepEqual(await ids('search=FIND-ME.exa'), [id]);
    assert.deepEqual(await ids('search=find_me.exa'), []);
    assert.deepEqual(await ids('search=%25'), []);
    const soon = new Date(scene.resources.now() + 2 * 86_400_000).toISOString();
    assert.deepEqual(await ids(`expires_until=${soon}&state=valid`), [id]);
    assert.deepEqual(await ids('profile=intermediate&authority=root').then((found) => found.length), 1);
    assert.deepEqual(await ids('state=expired'), []);
    const first = await list('limit=1');
    assert.equal((first.certificates as unknown[]).length, 1);
    assert.notDeepEqual(await ids(`limit=1&after=${first.next}`), await ids('limit=1'));
    const all = await ids('limit=500');
    assert.deepEqual([...all].sort().reverse(), all);
  });

  test('renews, links both ways, and revokes the older one where that is asked', async () => {
    const old = await issued();
    const { status, json } = await ask('manager', 'POST', `/api/certificates/${old.id}/renew`, {
      key: 'same',
      revoke_old: true,
      password: 'correct horse battery',
    });
    assert.equal(status, 201);
    const seen = (await ask('viewer', 'GET', `/api/certificates/${old.id}`)).json;
    assert.deepEqual([seen.state, seen.reason, seen.replaced_by], ['revoked', 'superseded', [json.id]]);
    assert.equal((await ask('viewer', 'GET', `/api/certificates/${json.id}`)).json.replaces, old.id);
  });

  test('revokes, holds and releases', async () => {
    const { id } = await issued();
    const act = async (what: string, body?: unknown) =>
      ask('manageKey', 'POST', `/api/certificates/${id}/${what}`, body);
    assert.equal((await act('hold')).json.state, 'held');
    assert.equal((await act('release')).json.state, 'valid');
    assert.equal(
      (await act('revoke', { reason: 'keyCompromise', invalid_from: '2020-01-01T00:00:00Z' })).json.state,
      'revoked',
    );
    assert.equal(problem(await act('revoke', { reason: 'superseded' })), '409 certificate-state');
    for (const reason of ['removeFromCRL', 'certificateHold', 'cACompromise', 'AACompromise', 'because']) {
      assert.equal(problem(await act('revoke', { reason })), '400 schema', reason);
    }
  });

  test('keeps managers from certificates of authorities, by every way', async () => {
    const { json } = await ask('viewer', 'GET', '/api/certificates?profile=intermediate');
    const [{ id }] = json.certificates as [{ id: string }];
    const ways: readonly (readonly [string, Json])[] = [
      ['renew', { key: 'same', revoke_old: true, password: 'correct horse battery' }],
      ['renew', { key: 'new' }],
      ['revoke', { reason: 'superseded', password: 'correct horse battery' }],
      ['hold', {}],
      ['release', {}],
    ];
    for (const [what, body] of ways) {
      for (const as of ['manager', 'manageKey', 'admin'] as const) {
        const answer = await ask(as, 'POST', `/api/certificates/${id}/${what}`, body);
        assert.equal(problem(answer), '403 authority-certificate', `${as} ${what}`);
      }
    }
    assert.equal((await ask('viewer', 'GET', `/api/certificates/${id}`)).json.state, 'valid');
  });

  test('gives responders and time stampers to admins only', async () => {
    for (const profile of ['ocsp-responder', 'timestamping']) {
      const wish = { profile, key: 'ecdsa-p256', subject: { CN: 'Answers' } };
      assert.equal(problem(await issue(wish)), '403 role');
      const { status, json } = await issue(wish, 'admin');
      assert.equal(status, 201);
      assert.equal(
        problem(await ask('manager', 'POST', `/api/certificates/${json.id}/renew`, { key: 'new' })),
        '403 role',
      );
    }
  });

  test('shows nothing to another organisation', async () => {
    const { id } = await issued();
    for (const [method, path, body] of [
      ['GET', `/api/certificates/${id}`, undefined],
      ['POST', `/api/certificates/${id}/revoke`, { reason: 'superseded' }],
      ['POST', `/api/certificates/${id}/renew`, { key: 'same' }],
      ['POST', `/api/certificates/${id}/hold`, {}],
    ] as const) {
      assert.equal((await ask('stranger', method, path, body, '/o/other')).status, 404);
      assert.equal((await ask('stranger', method, path, body)).status, 404);
    }
    const { json } = await ask('stranger', 'GET', '/api/certificates', undefined, '/o/other');
    assert.deepEqual(json.certificates, []);
    const foreign = { authority: 'issuing', profile: 'server', key: 'ecdsa-p256', names: ['dns:a.example'] };
    assert.equal((await ask('stranger', 'POST', '/api/certificates', foreign, '/o/other')).status, 404);
  });

  test('refuses what is no wish, and says what to do', async () => {
    assert.equal(problem(await issue({ key: 'rsa-1024' })), '400 schema');
    assert.equal(problem(await issue({ key: 'ecdsa-p256', names: ['host.example'] })), '400 name-form');
    assert.equal(problem(await issue({ request: 'x' })), '400 request-malformed');
    assert.equal(problem(await issue({ extensions: [] })), '400 schema');
    assert.equal(problem(await issue({ lifetime: '1 year' })), '400 schema');
    assert.equal(problem(await issue({ lifetime: '900d' })), '400 lifetime');
    assert.equal(problem(await issue({ authority: 'root' })), '409 passphrase-needed');
    const { json } = await issue({ key: 'ecdsa-p256', names: ['dns:www.acme.org'] });
    assert.deepEqual(
      [json.rule, json.hint],
      ['name-policy', 'an admin allows it: signpost cert policy allow dns:www.acme.org'],
    );
  });

  test('lets admins change profiles and the name policy, and managers see them', async () => {
    const profile = {
      ...document.server,
      description: 'Printers',
      lifetime: { default: '3d', maximum: '4d', beyond_issuer: 'clamp' },
    };
    assert.equal(
      problem(await ask('manager', 'POST', '/api/certificate-profiles', { name: 'printer', profile })),
      '403 role',
    );
    assert.equal((await ask('admin', 'POST', '/api/certificate-profiles', { name: 'printer', profile })).status, 201);
    assert.equal((await issue({ profile: 'printer', lifetime: '4d' })).status, 201);
    const { json } = await ask('manager', 'GET', '/api/certificate-profiles');
    assert.equal((json.profiles as unknown[]).length, 10);
    assert.equal((await ask('admin', 'DELETE', '/api/certificate-profiles/printer')).status, 204);
    assert.equal(problem(await issue({ profile: 'printer' })), '404 profile-unknown');
    const broken = { ...profile, key_usage: { all: ['keyCertSign'] } };
    assert.equal(
      problem(await ask('admin', 'POST', '/api/certificate-profiles', { name: 'printer', profile: broken })),
      '400 schema',
    );
    assert.equal((await ask('manager', 'GET', '/api/name-policy')).json.decided, false);
    assert.equal(problem(await ask('manager', 'PUT', '/api/name-policy', { allowed: [] })), '403 role');
    assert.equal(problem(await ask('admin', 'PUT', '/api/name-policy', { allowed: ['dns:com'] })), '400 schema');
    const { json: changed } = await ask('admin', 'PUT', '/api/name-policy', { allowed: ['dns:example'] });
    assert.deepEqual(changed, { allowed: ['dns:example'], denied: [], decided: true });
    assert.equal(problem(await issue({ key: 'ecdsa-p256', names: ['ip:10.0.0.1'] })), '403 name-policy');
  });

  test('lets viewers issue and revoke nothing', async () => {
    const { id } = await issued();
    assert.equal(problem(await issue({}, 'viewer')), '403 role');
    assert.equal(
      problem(await ask('viewer', 'POST', `/api/certificates/${id}/revoke`, { reason: 'superseded' })),
      '403 role',
    );
  });
});
