/** Credentials of Docker's configuration: of the registry that is asked, and of no other. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { createFindCredential } from '../../../../src/watch/readers/oci/credentials.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-credentials-'));
after(() => rm(folder, { recursive: true }));
beforeEach(() => rm(join(folder, 'config.json'), { force: true }));

const find = createFindCredential({
  configFile: join(folder, 'config.json'),
  helperEnvironment: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder },
});
const configure = (config: unknown) =>
  writeFile(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
const auth = (user: string, password: string) => ({ auth: Buffer.from(`${user}:${password}`).toString('base64') });
const passwordOf = (user: string, password: string) => ({ kind: 'password', user, password });

/** A program as docker-credential-helpers has them, which notes what it was given. */
async function install(name: string, script: string): Promise<void> {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(
    path,
    `#!/bin/sh\n[ "$1" = get ] || exit 2\ncat >"$HOME/asked"\nenv >"$HOME/environment"\n${script}\n`,
  );
  await chmod(path, 0o755);
}

test('without a configuration everybody is asked as anybody', async () => {
  assert.equal(await find('ghcr.io'), undefined);
});

test('a credential is for the registry of its name, however that is written', async () => {
  await configure({ auths: { 'https://GHCR.io/': auth('a', 'b:c'), 'localhost:5000': auth('d', '') } });
  assert.deepEqual(await find('ghcr.io'), passwordOf('a', 'b:c'));
  assert.deepEqual(await find('localhost:5000'), passwordOf('d', ''));
  for (const other of ['localhost', 'localhost:5001', 'io', 'evil-ghcr.io', 'ghcr.io.example']) {
    assert.equal(await find(other), undefined, other);
  }
});

for (const name of [
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'https://index.docker.io/v1/',
  `${'registry'}.hub.docker.com`,
]) {
  test(`${name} is Docker Hub`, async () => {
    await configure({ auths: { [name]: auth('hub', 'secret') } });
    assert.deepEqual(await find('docker.io'), passwordOf('hub', 'secret'));
  });
}

test('the credential of a host that is a bare word goes to nobody, not to Docker Hub', async () => {
  await configure({ auths: { intranet: auth('a', 'secret') }, credHelpers: { 'https://intranet/': 'none' } });
  for (const registry of ['docker.io', 'intranet']) assert.equal(await find(registry), undefined, registry);
});

test('all forms of an entry are read, and what is none is left out', async () => {
  await configure({
    auths: {
      'token.example': { auth: auth('u', 'p').auth, identitytoken: 'refresh' },
      'plain.example': { username: 'u', password: 'p' },
      'padded.example': { auth: Buffer.from('u:p\0\0').toString('base64') },
      'broken.example': { auth: '%%%' },
      'nobody.example': { auth: Buffer.from(':p').toString('base64') },
      'empty.example': {},
      'none.example': 7,
    },
    credHelpers: { 'none.example': '../../bin/sh', 'plain.example': 7 },
  });
  assert.deepEqual(await find('token.example'), { kind: 'refresh-token', token: 'refresh' });
  for (const host of ['plain', 'padded']) assert.deepEqual(await find(`${host}.example`), passwordOf('u', 'p'));
  for (const host of ['broken', 'nobody', 'empty', 'none'])
    assert.equal(await find(`${host}.example`), undefined, host);
});

test('what is no configuration is no reason to go without', async () => {
  for (const text of ['', '[]', '{"auths":{},"auths":{}}']) {
    await configure(text);
    await assert.rejects(find('ghcr.io'), { name: 'TrustError' });
  }
});

test('a program is asked for its registry in a closed environment, and its answer is not kept', async () => {
  process.env.SIGNPOST_SECRET_OF_THE_TESTS = 'secret';
  await install('one', 'echo \'{"ServerURL":"x","Username":"u","Secret":"one"}\'');
  await configure({ credHelpers: { 'ghcr.io': 'one' }, auths: { 'quay.io': auth('q', 'r') } });
  assert.deepEqual(await find('ghcr.io'), passwordOf('u', 'one'));
  assert.deepEqual(await find('quay.io'), passwordOf('q', 'r'));
  assert.equal(await readFile(join(folder, 'asked'), 'utf8'), 'ghcr.io');
  assert.doesNotMatch(await readFile(join(folder, 'environment'), 'utf8'), /SIGNPOST/);
  await install('one', 'echo \'{"Username":"<token>","Secret":"two"}\'');
  assert.deepEqual(await find('ghcr.io'), { kind: 'refresh-token', token: 'two' });
  delete process.env.SIGNPOST_SECRET_OF_THE_TESTS;
});

test('a store is asked for all registries, and the file holds what it does not know', async () => {
  await install('store', 'echo "credentials not found in native keychain"; exit 1');
  await configure({ credsStore: 'store', auths: { 'docker.io': auth('u', 'p') } });
  assert.deepEqual(await find('docker.io'), passwordOf('u', 'p'));
  assert.equal(await readFile(join(folder, 'asked'), 'utf8'), 'https://index.docker.io/v1/');
});

test('a program that fails, is not there or says too much is told, without what it said', async () => {
  const scripts = ['echo "top secret"; exit 1', "echo '{}'", 'echo "top secret"', 'yes "top secret"'];
  for (const script of scripts) {
    await install('bad', script);
    await configure({ credsStore: 'bad' });
    await assert.rejects(find('ghcr.io'), (error: Error) => !error.message.includes('top secret'));
  }
  await configure({ credsStore: 'missing' });
  await assert.rejects(find('ghcr.io'), { message: 'expected a credential from docker-credential-missing, got none' });
});
