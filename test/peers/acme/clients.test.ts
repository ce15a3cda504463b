/** Programs that people use obtain, renew and revoke certificates of ours: certbot, lego, dehydrated, acme-tiny, uacme, acme-client, Caddy. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { type ClientScene, openClientScene, writeScript } from './scene.ts';

let scene: ClientScene;
before(async () => {
  scene = await openClientScene();
});
after(() => scene.close());

/** A reason to leave a test out; none where CI is `true`, since there everything is installed. */
function missing(program: string): string | false {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return false;
  } catch {
    return process.env.CI === 'true' ? false : `${program} is not installed (scripts/install-services)`;
  }
}

function missingPackage(name: string): string | false {
  try {
    import.meta.resolve(name);
    return false;
  } catch {
    return process.env.CI === 'true' ? false : `${name} is not installed (npm install)`;
  }
}

async function namesOf(path: string): Promise<string | undefined> {
  return new X509Certificate(await readFile(path)).subjectAltName;
}

function certbot(...words: readonly string[]): Promise<string> {
  const [config, work, logs] = ['config', 'work', 'logs'].map((name) => join(scene.folder, 'certbot', name));
  const folders = ['--config-dir', `${config}`, '--work-dir', `${work}`, '--logs-dir', `${logs}`];
  return scene.run('certbot', [...words, '--non-interactive', ...folders]);
}

const newAccount = ['--agree-tos', '--register-unsafely-without-email'];

test('certbot obtains by http-01, renews, and revokes by account and by key', {
  skip: missing('certbot'),
}, async () => {
  const server = ['--server', scene.directoryUrl('standalone')];
  const standalone = ['--standalone', '--http-01-port', String(scene.ports.http)];
  const names = ['-d', 'a.certbot.test', '-d', 'b.certbot.test'];
  await certbot('certonly', ...server, ...newAccount, ...standalone, ...names, '--key-type', 'ecdsa');
  const path = join(scene.folder, 'certbot/config/live/a.certbot.test/cert.pem');
  const first = await readFile(path, 'utf8');
  assert.equal(await namesOf(path), 'DNS:a.certbot.test, DNS:b.certbot.test');
  await certbot('renew', '--force-renewal', '--no-random-sleep-on-renew');
  assert.notEqual(await readFile(path, 'utf8'), first);
  const old = join(scene.folder, 'first.pem');
  await writeFile(old, first);
  await certbot('revoke', ...server, '--cert-path', old, '--reason', 'superseded', '--no-delete-after-revoke');
  const key = join(scene.folder, 'certbot/config/live/a.certbot.test/privkey.pem');
  const byKey = ['--cert-path', path, '--key-path', key, '--reason', 'keycompromise'];
  await certbot('revoke', ...server, ...byKey, '--no-delete-after-revoke');
  assert.deepEqual([await scene.stateOf(old), await scene.stateOf(path)], ['revoked', 'revoked']);
});

test('certbot obtains a wildcard by dns-01', { skip: missing('certbot') }, async () => {
  const hook = await writeScript(join(scene.folder, 'certbot-dns.sh'), [
    `printf '%s\\n' "$CERTBOT_VALIDATION" >> "${scene.texts}/_acme-challenge.$CERTBOT_DOMAIN"`,
  ]);
  const manual = ['--manual', '--preferred-challenges', 'dns', '--manual-auth-hook', hook];
  const names = ['-d', '*.wild.certbot.test', '-d', 'wild.certbot.test'];
  await certbot('certonly', '--server', scene.directoryUrl('standalone'), ...newAccount, ...manual, ...names);
  const path = join(scene.folder, 'certbot/config/live/wild.certbot.test/cert.pem');
  assert.equal(await namesOf(path), 'DNS:*.wild.certbot.test, DNS:wild.certbot.test');
});

test('certbot opens an account with a binding key, changes and ends it', { skip: missing('certbot') }, async () => {
  const server = ['--server', scene.directoryUrl('bound')];
  await assert.rejects(certbot('register', ...server, ...newAccount), /external account binding/i);
  const made = await scene.operator.call('POST', '/api/acme/directories/bound/eab-keys', { label: 'certbot' });
  const binding = ['--eab-kid', made.id, '--eab-hmac-key', made.hmac_key];
  await certbot('register', ...server, ...newAccount, ...binding);
  await certbot('update_account', ...server, '--email', 'ops@certbot.test', '--no-eff-email');
  const list = async () => (await scene.operator.call('GET', '/api/acme/directories/bound/accounts')).accounts;
  const [account] = await list();
  assert.deepEqual([account.eab_key, account.contacts], [made.id, ['mailto:ops@certbot.test']]);
  await certbot('unregister', ...server);
  assert.equal((await list())[0].state, 'deactivated');
});

function lego(domain: string, ...words: readonly string[]): Promise<string> {
  const path = join(scene.folder, 'lego');
  const account = ['--path', path, '--accept-tos', '--email', 'ops@lego.test'];
  const variables = { EXEC_PATH: join(scene.folder, 'lego-dns.sh'), EXEC_POLLING_INTERVAL: '1' };
  const all = [...account, '--server', scene.directoryUrl('standalone'), '--domains', domain, ...words];
  return scene.run('lego', all, variables);
}

test('lego obtains by tls-alpn-01, renews and revokes', { skip: missing('lego') }, async () => {
  const tls = ['--tls', '--tls.port', `127.0.0.1:${scene.ports.tls}`];
  await lego('tls.lego.test', ...tls, 'run');
  const path = join(scene.folder, 'lego/certificates/tls.lego.test.crt');
  const first = await readFile(path, 'utf8');
  assert.equal(await namesOf(path), 'DNS:tls.lego.test');
  await lego('tls.lego.test', ...tls, 'renew', '--days', '20000', '--no-random-sleep');
  assert.notEqual(await readFile(path, 'utf8'), first);
  const copy = join(scene.folder, 'lego.pem');
  await writeFile(copy, await readFile(path));
  await lego('tls.lego.test', 'revoke', '--reason', '4', '--keep');
  assert.equal(await scene.stateOf(copy), 'revoked');
});

test('lego obtains a wildcard by dns-01', { skip: missing('lego') }, async () => {
  await writeScript(join(scene.folder, 'lego-dns.sh'), [
    `name=$(printf '%s' "$2" | sed 's/[.]$//')`,
    `if [ "$1" = present ]; then printf '%s\\n' "$3" >> "${scene.texts}/$name"; fi`,
  ]);
  await lego('*.dns.lego.test', '--dns', 'exec', '--dns.disable-cp', 'run');
  assert.equal(await namesOf(join(scene.folder, 'lego/certificates/_.dns.lego.test.crt')), 'DNS:*.dns.lego.test');
});

test('dehydrated obtains by http-01, renews and revokes', { skip: missing('dehydrated') }, async () => {
  const config = join(scene.folder, 'dehydrated.conf');
  const base = join(scene.folder, 'dehydrated');
  await mkdir(base);
  const lines = [`CA="${scene.directoryUrl('files')}"`, `BASEDIR="${base}"`, `WELLKNOWN="${scene.challenges}"`];
  await writeFile(config, [...lines, 'KEY_ALGO=prime256v1', 'CHALLENGETYPE="http-01"', ''].join('\n'));
  await scene.run('dehydrated', ['--config', config, '--register', '--accept-terms']);
  const cron = ['--config', config, '--cron', '--domain', 'www.dehydrated.test'];
  await scene.run('dehydrated', cron);
  const path = join(base, 'certs/www.dehydrated.test/cert.pem');
  assert.equal(await namesOf(path), 'DNS:www.dehydrated.test');
  const [old, copy] = [join(scene.folder, 'dehydrated-first.pem'), join(scene.folder, 'dehydrated.pem')];
  await writeFile(old, await readFile(path));
  // By itself it renews in the last month of a life.
  await scene.run('dehydrated', [...cron, '--force']);
  await writeFile(copy, await readFile(path));
  assert.equal(await namesOf(copy), 'DNS:www.dehydrated.test');
  await scene.run('dehydrated', ['--config', config, '--revoke', path]);
  assert.deepEqual([await scene.stateOf(old), await scene.stateOf(copy)], ['valid', 'revoked']);
});

// acme-tiny does one thing, which is to obtain: it renews by being run again, and has no command that revokes. The account is
// that of its key, so another client revokes with it.
test('acme-tiny obtains by http-01 and, run again, renews; its account key revokes by uacme', {
  skip: missing('acme-tiny') || missing('uacme'),
}, async () => {
  const [account, key, csr] = ['tiny-account.key', 'tiny.key', 'tiny.csr'].map((name) => join(scene.folder, name));
  await scene.run('openssl', ['genrsa', '-out', `${account}`, '2048']);
  const request = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-subj', '/CN=www.tiny.test', '-addext', 'subjectAltName=DNS:www.tiny.test'];
  await scene.run('openssl', [...request, '-keyout', `${key}`, '-out', `${csr}`, ...names]);
  const files = ['--account-key', `${account}`, '--csr', `${csr}`, '--acme-dir', scene.challenges];
  const where = ['--directory-url', scene.directoryUrl('files'), '--disable-check', '--quiet'];
  const [old, current] = [join(scene.folder, 'tiny-first.pem'), join(scene.folder, 'tiny.pem')];
  for (const path of [old, current]) {
    await writeFile(path, await scene.run('acme-tiny', [...files, ...where]));
    assert.equal(await namesOf(path), 'DNS:www.tiny.test');
  }
  const base = join(scene.folder, 'tiny-uacme');
  await mkdir(join(base, 'private'), { recursive: true });
  await copyFile(`${account}`, join(base, 'private/key.pem'));
  // It takes the file away that it has revoked.
  const copy = join(scene.folder, 'tiny-copy.pem');
  await copyFile(old, copy);
  await scene.run('uacme', ['-c', base, '-a', scene.directoryUrl('files'), 'revoke', copy]);
  assert.deepEqual([await scene.stateOf(old), await scene.stateOf(current)], ['revoked', 'valid']);
});

test('uacme obtains by http-01 and revokes', { skip: missing('uacme') }, async () => {
  const hook = await writeScript(join(scene.folder, 'uacme.sh'), [
    '[ "$2" = http-01 ] || exit 1',
    `if [ "$1" = begin ]; then printf '%s' "$5" > "${scene.challenges}/$4"; fi`,
  ]);
  const base = ['-c', join(scene.folder, 'uacme'), '-a', scene.directoryUrl('files'), '-y', '-t', 'EC'];
  await scene.run('uacme', [...base, 'new']);
  await scene.run('uacme', [...base, '-h', hook, 'issue', 'www.uacme.test']);
  const path = join(scene.folder, 'uacme/www.uacme.test/cert.pem');
  assert.equal(await namesOf(path), 'DNS:www.uacme.test');
  const copy = join(scene.folder, 'uacme.pem');
  await writeFile(copy, await readFile(path));
  await scene.run('uacme', [...base, 'revoke', path]);
  assert.equal(await scene.stateOf(copy), 'revoked');
});

test('acme-client obtains by http-01, renews and revokes', { skip: missingPackage('acme-client') }, async () => {
  const program = join(import.meta.dirname, 'acme-client.mjs');
  const words = [program, scene.directoryUrl('files'), scene.challenges, 'www.client.test'];
  const { first, second } = JSON.parse(await scene.run(process.execPath, words));
  const [old, current] = ['client-first.pem', 'client-second.pem'].map((name) => join(scene.folder, name));
  await writeFile(`${old}`, first);
  await writeFile(`${current}`, second);
  assert.equal(await namesOf(`${current}`), 'DNS:www.client.test');
  assert.deepEqual([await scene.stateOf(`${old}`), await scene.stateOf(`${current}`)], ['revoked', 'valid']);
});

/** Caddy with one site, until the test ends. */
async function startCaddy(t: TestContext, host: string): Promise<void> {
  const config = join(scene.folder, 'Caddyfile');
  const lines = [
    ...['{', 'admin off', `storage file_system "${join(scene.folder, 'caddy')}"`, 'default_bind 127.0.0.1'],
    ...[
      `http_port ${scene.ports.http}`,
      `https_port ${scene.ports.tls}`,
      `acme_ca ${scene.directoryUrl('standalone')}`,
    ],
    ...['email ops@caddy.test', '}', `${host} {`, 'respond "served by Caddy"', '}', ''],
  ];
  await writeFile(config, lines.join('\n'));
  const env = { PATH: process.env.PATH, HOME: scene.folder };
  const words = ['run', '--config', config, '--adapter', 'caddyfile'];
  const child = spawn('caddy', words, { cwd: scene.folder, env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
}

/** What a client that trusts our root alone is shown and told; tried again until the site has its certificate. */
async function visit(host: string): Promise<{ readonly certificate: X509Certificate; readonly text: string }> {
  const ca = await scene.readRoot();
  for (const end = performance.now() + 120_000; ; await delay(50)) {
    try {
      return await visitOnce({ host, ca });
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

async function visitOnce({ host, ca }: { readonly host: string; readonly ca: string }) {
  const where = { host: '127.0.0.1', port: scene.ports.tls, servername: host, headers: { host }, ca, agent: false };
  const request = get(where);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const certificate = (response.socket as TLSSocket).getPeerX509Certificate();
  assert.ok(certificate);
  return { certificate, text: await text(response) };
}

test('Caddy obtains by itself for a site, and serves it to clients that trust the root', {
  skip: missing('caddy'),
}, async (t) => {
  await startCaddy(t, 'www.caddy.test');
  const { certificate, text: answer } = await visit('www.caddy.test');
  assert.equal(answer, 'served by Caddy');
  assert.equal(certificate.subjectAltName, 'DNS:www.caddy.test');
  const path = join(scene.folder, 'caddy.pem');
  await writeFile(path, certificate.toString());
  assert.equal(await scene.stateOf(path), 'valid');
});
