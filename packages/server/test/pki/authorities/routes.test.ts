import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import { rootAttemptsPerMinute } from '../../../src/pki/authorities/root-signer.ts';
import { problem } from '../../planes-problem.ts';
import { openPlanesScene, type PlanesScene } from '../../planes-scene.ts';

const passphrase = 'a passphrase that nobody guesses';
const environment = { SIGNPOST_PKI_URL: 'http://pki.example' };

async function createTree(scene: PlanesScene, prefix = '', organisation = scene.home) {
  const as = await scene.openKey(organisation, ['admin']);
  const post = (path: string, json: unknown) => scene.ask('POST', `${prefix}/api/authorities${path}`, { as, json });
  const root = { kind: 'root', name: 'root', subject: { CN: 'Root CA', O: 'Example' }, passphrase };
  assert.equal((await post('', root)).status, 201);
  const subject = { CN: 'Issuing CA', O: 'Example' };
  const made = await post('', { kind: 'intermediate', name: 'issuing', subject, parent: 'root', passphrase });
  assert.equal(made.status, 201);
  return { as, post, made: made.json };
}

suite('authorities over HTTP', () => {
  test('are made, listed, and published under the addresses that stand in certificates', async (t) => {
    const scene = await openPlanesScene(t, { environment });
    const { made } = await createTree(scene);
    const [certificate] = made.certificates as { pem: string; path_length: number }[];
    assert.equal(certificate?.path_length, 0);
    const x509 = new X509Certificate(certificate?.pem ?? '');
    assert.match(String(x509.infoAccess), /CA Issuers - URI:http:\/\/pki.example\/pki\/root\/ca.crt/);
    const der = await scene.ask('GET', '/pki/issuing/ca.crt');
    assert.equal(der.headers['content-type'], 'application/pkix-cert');
    assert.match(String(der.headers['cache-control']), /public/);
    assert.deepEqual(new X509Certificate(der.body).serialNumber, x509.serialNumber);
    const chain = await scene.ask('GET', '/pki/issuing/chain.pem');
    const same = { headers: { 'if-none-match': chain.headers.etag ?? '' } };
    assert.equal((await scene.ask('GET', '/pki/issuing/chain.pem', same)).status, 304);
    assert.equal(chain.headers['content-type'], 'application/pem-certificate-chain');
    assert.equal(chain.body.toString().match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.equal((await scene.ask('GET', '/pki/root/ca.pem')).status, 200);
    assert.equal((await scene.ask('GET', '/pki/nobody/ca.pem')).status, 404);
    assert.equal((await scene.ask('GET', '/pki/NO_NAME/ca.pem')).status, 400);
    const reader = await scene.openPerson(scene.home, 'viewer');
    const listed = (await scene.ask('GET', '/api/authorities', { as: reader })).json.authorities as { name: string }[];
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['issuing', 'root'],
    );
  });

  test('of another organisation do not exist, and have their own addresses', async (t) => {
    const scene = await openPlanesScene(t, { environment });
    const { made } = await createTree(scene, '/o/other', scene.other);
    assert.equal(made.crl_url, 'http://pki.example/o/other/pki/issuing/crl');
    assert.equal(made.issuer_url, 'http://pki.example/o/other/pki/issuing/ca.crt');
    const [certificate] = made.certificates as { pem: string }[];
    assert.match(String(new X509Certificate(certificate?.pem ?? '').infoAccess), /\/o\/other\/pki\/root\/ca.crt/);
    const as = await scene.openKey(scene.home, ['admin']);
    assert.equal(problem(await scene.ask('GET', '/api/authorities/root', { as })), '404 not_found');
    for (const verb of ['renew', 'retire', 'revoke', 'request']) {
      const asked = await scene.ask('POST', `/api/authorities/root/${verb}`, { as, json: {} });
      assert.equal(problem(asked), '404 not_found', verb);
    }
    assert.equal((await scene.ask('GET', '/pki/root/ca.crt')).status, 404);
    assert.equal((await scene.ask('GET', '/o/other/pki/root/ca.crt')).status, 200);
  });

  test('are ended, renewed and changed by admins alone: a manager does not revoke one by renewing it', async (t) => {
    const scene = await openPlanesScene(t, { environment });
    const { as } = await createTree(scene);
    const manager = await scene.openPerson(scene.home, 'manager');
    const key = await scene.openKey(scene.home, ['manage']);
    for (const asker of [manager, key]) {
      for (const verb of ['renew', 'cross-sign', 'rekey', 'successor', 'request', 'retire', 'revoke']) {
        const asked = await scene.ask('POST', `/api/authorities/issuing/${verb}`, { as: asker, json: { passphrase } });
        assert.equal(problem(asked), '403 role', verb);
      }
    }
    const shown = (await scene.ask('GET', '/api/authorities/issuing', { as })).json;
    assert.deepEqual([shown.state, (shown.certificates as unknown[]).length], ['active', 1]);
  });

  test('refuse a wrong passphrase, too many of them, and tell the passphrase nobody', async (t) => {
    const scene = await openPlanesScene(t, { environment });
    const { as, post } = await createTree(scene);
    const guess = { kind: 'intermediate', name: 'guessed', subject: { CN: 'Guess' }, parent: 'root' };
    for (let attempt = 0; attempt < rootAttemptsPerMinute - 1; attempt++) {
      const refused = await post('', { ...guess, passphrase: 'an utterly wrong passphrase' });
      assert.equal(problem(refused), '403 root-passphrase');
      assert.ok(!refused.body.includes('utterly'));
    }
    const limited = await post('', { ...guess, passphrase });
    assert.equal(problem(limited), '429 rate_limited');
    assert.ok(Number(limited.headers['retry-after']) > 0);
    const told = scene.lines.join('\n') + (await scene.ask('GET', '/api/audit?limit=100', { as })).body;
    assert.ok(told.includes('authority.passphrase_refused'));
    assert.ok(!told.includes('utterly') && !told.includes(passphrase));
  });

  test('take nothing while the vault is locked, and refuse what the schema does not know', async (t) => {
    const scene = await openPlanesScene(t, { environment });
    const { post } = await createTree(scene);
    const weak = { kind: 'root', name: 'weak', subject: { CN: 'Weak' }, passphrase: 'short' };
    assert.equal(problem(await post('', weak)), '400 passphrase-too-weak');
    assert.equal(problem(await post('', { ...weak, custody: 'server' })), '400 schema');
    assert.equal(problem(await post('', { ...weak, key_type: 'rsa-1024' })), '400 schema');
    assert.equal(problem(await post('/issuing/revoke', { reason: 'certificateHold' })), '400 schema');
    assert.equal(problem(await post('/import', { name: 'x', pkcs12_b64: '%' })), '400 schema');
    assert.equal(problem(await post('/import-certificate', { pem: 'x'.repeat(600_000) })), '400 schema');
    scene.resources.vault.lock();
    const locked = await post('', { ...weak, passphrase });
    assert.equal(problem(locked), '503 vault_locked');
  });
});
