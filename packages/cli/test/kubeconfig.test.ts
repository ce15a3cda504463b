/** Kubeconfig files: what is read of them, and what is refused. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readKubeconfig } from '../src/commands/watch/kubeconfig.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-kubeconfig-'));
  await writeFile(join(folder, 'ca.pem'), 'the authority');
  await writeFile(join(folder, 'token'), 'of-the-file\n');
});
after(() => rm(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');
const config = ({ cluster = {}, user = { token: 'a-token' }, ...differs }: Record<string, unknown> = {}) => ({
  ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'shop' },
  clusters: [
    {
      name: 'shop',
      cluster: {
        server: 'https://api.example',
        'certificate-authority-data': base64('the authority'),
        ...(cluster as object),
      },
    },
  ],
  users: [
    { name: 'watch', user },
    { name: 'other', user: { token: 'another' } },
  ],
  contexts: [
    { name: 'shop', context: { cluster: 'shop', user: 'watch' } },
    { name: 'second', context: { cluster: 'shop', user: 'other' } },
    { name: 'lost', context: { cluster: 'nowhere', user: 'watch' } },
  ],
  ...differs,
});

async function read(text: unknown, context?: string) {
  const path = join(folder, 'config');
  await writeFile(path, typeof text === 'string' ? text : JSON.stringify(text));
  return readKubeconfig(path, context);
}

test('the current context is read, or the one that is named', async () => {
  const access = { server: 'https://api.example', ca: 'the authority' };
  assert.deepEqual(await read(config()), { ...access, credential: { token: 'a-token' } });
  assert.deepEqual(await read(config(), 'second'), { ...access, credential: { token: 'another' } });
});

test('files are found beside it, a file of a token goes before the token, and a certificate before both', async () => {
  const cluster = { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.pem' };
  const user = { token: 'old', tokenFile: join(folder, 'token') };
  assert.deepEqual((await read(config({ cluster, user }))).credential, { token: 'of-the-file' });
  const pair = { 'client-certificate-data': base64('C'), 'client-key-data': base64('K') };
  const { ca, credential } = await read(config({ cluster, user: { ...user, ...pair } }));
  assert.deepEqual([ca, credential], ['the authority', { client_certificate: 'C', client_key: 'K' }]);
});

test('what would run a program, weaken TLS or act as somebody else is refused with what to do instead', async () => {
  for (const [differs, name] of [
    [{ user: { exec: { command: 'aws' } } }, 'exec'],
    [{ user: { 'auth-provider': { name: 'gcp' } } }, 'auth-provider'],
    [{ user: { username: 'x', password: 'y' } }, 'username'],
    [{ user: { token: 'x', as: 'root' } }, 'as'],
    [{ cluster: { 'insecure-skip-tls-verify': true } }, 'insecure-skip-tls-verify'],
    [{ cluster: { 'proxy-url': 'http://proxy' } }, 'proxy-url'],
    [{ cluster: { 'tls-server-name': 'x' } }, 'tls-server-name'],
  ] as const) {
    await assert.rejects(read(config(differs)), (error: { message: string; hint?: string }) => {
      assert.equal(error.message, `the kubeconfig cannot be used: ${name} is not taken`);
      return error.hint !== undefined;
    });
  }
});

test('what is missing, twice there or no Config is named', async () => {
  for (const [value, message, context] of [
    ['{', /it is no YAML/],
    ['a: 1\na: 2', /it is no YAML/],
    ['a: &x 1\nb: *x', /it has aliases|no Config/],
    [{ ...config(), kind: 'Pod' }, /no Config of version v1/],
    [config({ 'current-context': '' }), /no current-context/],
    [config(), /no context missing/, 'missing'],
    [config(), /no cluster nowhere/, 'lost'],
    [config({ users: [] }), /no user watch/],
    [
      config({
        users: [
          { name: 'watch', user: {} },
          { name: 'watch', user: {} },
        ],
      }),
      /two of the user watch/,
    ],
    [config({ cluster: { server: undefined } }), /no server/],
    [config({ cluster: { server: 7 } }), /server is no text/],
    [config({ cluster: { 'certificate-authority-data': '' } }), /nobody else vouches/],
    [config({ user: {} }), /neither a token nor a client certificate/],
    [config({ user: { 'client-key-data': base64('K') } }), /one of client-certificate and client-key/],
    [config({ user: { tokenFile: 'missing' } }), /missing/],
  ] as const) {
    await assert.rejects(read(value, context), { message });
  }
});
