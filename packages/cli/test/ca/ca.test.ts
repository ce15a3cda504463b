import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createWorkplace, run, runJson } from '../support/run.ts';
import { startServer } from '../support/server.ts';

const openssl = (words: readonly string[]) => promisify(execFile)('openssl', [...words]);
const name = (text: string) => ['--cn', text, '--o', 'Example'];

test('an offline root signs an intermediate of the server, which then issues', async (t) => {
  const { cwd, json, signpost } = await startServer(t);
  await writeFile(join(cwd, 'rp'), 'a passphrase for the offline root\n', { mode: 0o600 });
  const root = ['--dir', 'ca', '--passphrase-file', 'rp'];
  const made = await json('ca', 'root', 'init', ...root, ...name('Offline Root CA'), '--key-type', 'ecdsa-p256');
  assert.match(String(made.subject), /Offline Root CA/);
  await json('ca', 'import-certificate', '--name', 'offline-root', 'ca/root.pem');
  const pending = await json('ca', 'create-intermediate', 'issuing', '--parent', 'offline-root', ...name('Issuing CA'));
  assert.deepEqual([pending.state, typeof pending.request], ['pending', 'string']);
  await json('ca', 'request', 'issuing', '--out', 'issuing.csr');
  const bound = ['--permit', 'dns:example.org', '--permit', 'ip:10.0.0.0/8', '--exclude', 'dns:secret.example.org'];
  const signing = ['ca', 'root', 'sign', 'issuing.csr', ...root, '--out', 'issuing.pem', '--yes'];
  assert.equal((await signpost(...signing, '--permit', 'example.org')).code, 2, 'a name has a kind');
  const shown = await signpost(...signing, ...bound);
  assert.equal(shown.code, 0);
  assert.match(shown.stderr, /name +O=Example, CN=Issuing CA/);
  assert.match(shown.stderr, new RegExp(`id ${pending.key_id}`));
  assert.match(shown.stderr, /below it no authority/);
  assert.match(
    shown.stderr,
    /only below +dns:example\.org, ip 0a000000ff000000.*\n +not below +dns:secret\.example\.org/,
  );
  const text = (await openssl(['x509', '-in', join(cwd, 'issuing.pem'), '-noout', '-text'])).stdout;
  assert.match(
    text,
    /Name Constraints: critical\s+Permitted:\s+DNS:example\.org\s+IP:10\.0\.0\.0\/255\.0\.0\.0\s+Excluded:\s+DNS:secret/,
  );
  const active = await json('ca', 'import-certificate', 'issuing.pem');
  assert.deepEqual([active.state, active.parent, active.request], ['active', 'offline-root', null]);
  await json('ca', 'show', 'issuing', '--chain-out', 'chain.pem');
  await openssl(['verify', '-x509_strict', '-CAfile', join(cwd, 'ca/root.pem'), join(cwd, 'chain.pem')]);
  const again = await signpost('ca', 'import-certificate', 'issuing.pem');
  assert.match(again.stderr, /known already/);

  // Renewal goes the same way; the same key, a further certificate.
  const renewing = await json('ca', 'renew', 'issuing');
  assert.equal(renewing.state, 'active');
  await json('ca', 'request', 'issuing', '--out', 'renewal.csr');
  await json('ca', 'root', 'sign', 'renewal.csr', ...root, '--out', 'renewed.pem');
  const renewed = await json('ca', 'import-certificate', 'renewed.pem');
  assert.equal((renewed.certificates as unknown[]).length, 2);

  const { certificates } = (await json('ca', 'root', 'show', '--dir', 'ca')) as { certificates: { serial: string }[] };
  const serials = certificates.map(({ serial }) => serial);
  assert.equal(serials.length, 2);
  await json('ca', 'root', 'crl', ...root, '--revoke', String(serials[0]), '--reason', 'superseded');
  const list = await json('ca', 'root', 'crl', ...root, '--revoke', String(serials[1]), '--out', 'root.crl');
  assert.deepEqual([list.number, list.entries], [2, 2]);
  const { stdout } = await openssl([
    'crl',
    '-inform',
    'DER',
    '-in',
    join(cwd, 'root.crl'),
    '-noout',
    '-text',
    '-CAfile',
    join(cwd, 'ca/root.pem'),
  ]);
  assert.match(stdout, /CRL Number:\s+2/);
  const published = await json('ca', 'crl', 'import', 'offline-root', 'root.crl');
  assert.deepEqual(
    (published.lists as { number: unknown; entries: number }[]).map(({ entries }) => entries),
    [2],
  );
  assert.equal((await json('ca', 'show', 'issuing')).state, 'revoked', 'its last certificate stands in the list');
  const unknown = await signpost('ca', 'root', 'crl', ...root, '--revoke', 'abcd', '--yes');
  assert.match(unknown.stderr, /gave no serial number/);
});

test('a profile of intermediates binds what the server makes and what an offline root signs', async (t) => {
  const { cwd, json, signpost } = await startServer(t);
  await writeFile(join(cwd, 'rp'), 'a passphrase for the root of all\n', { mode: 0o600 });
  const passphrase = ['--passphrase-file', 'rp'];
  const shown = JSON.parse((await signpost('cert', 'profile', 'show', 'intermediate')).stdout);
  const lab = {
    ...shown,
    keys: ['ecdsa-p256'],
    lifetime: { default: '30d', maximum: '60d', beyond_issuer: 'clamp' },
    path_length: { default: 0, maximum: 0 },
    hash: { 'ecdsa-p384': 'SHA-512', 'ecdsa-p256': 'SHA-512' },
    subject: { O: 'match', CN: 'supplied' },
    name_constraints: { permitted: ['dns:lab.example'], excluded: [] },
  };
  await writeFile(join(cwd, 'lab.json'), JSON.stringify(lab));
  const added = await signpost('cert', 'profile', 'add', 'lab', 'lab.json');
  assert.match(added.stdout, /signpost ca create-intermediate --profile lab/);
  await json('ca', 'create-root', 'top', ...name('Top CA'), ...passphrase);
  const making = ['ca', 'create-intermediate', 'issuing', '--parent', 'top', '--profile', 'lab', ...name('Lab CA')];
  const deep = await signpost(...making, ...passphrase, '--path-length', '1');
  assert.match(deep.stderr, /path length of at most 0 in profile lab/);
  const made = await json(...making, ...passphrase);
  assert.equal((made.certificates as { profile: string }[])[0]?.profile, 'lab');

  const root = ['--dir', 'ca', ...passphrase];
  await json('ca', 'root', 'init', ...root, ...name('Offline Root CA'), '--key-type', 'ecdsa-p384');
  await json('ca', 'import-certificate', '--name', 'offline', 'ca/root.pem');
  await json('ca', 'create-intermediate', 'away', '--parent', 'offline', '--profile', 'lab', ...name('Away CA'));
  await json('ca', 'request', 'away', '--out', 'away.csr');
  const signing = ['ca', 'root', 'sign', 'away.csr', ...root, '--profile', 'lab.json', '--out', 'away.pem', '--yes'];
  const refusals: readonly (readonly [RegExp, ...string[]])[] = [
    [/lifetime of at most 60d/, '--days', '61'],
    [/path length of at most 0 in profile lab/, '--path-length', '1'],
    [/no permitted names beside those of profile lab/, '--permit', 'dns:example.org'],
    [/hash: expected issuer keys whose hash can be chosen/, '--profile', 'wrong.json'],
    [/expected a profile of intermediates/, '--profile', 'server.json'],
    [/expected a key of ecdsa-p521/, '--profile', 'large.json'],
    [/expected CN in a subject of profile bare, got "O"/, '--profile', 'bare.json'],
  ];
  const server = (await signpost('cert', 'profile', 'show', 'server')).stdout;
  await writeFile(join(cwd, 'wrong.json'), JSON.stringify({ ...lab, hash: { ed25519: 'SHA-512' } }));
  await writeFile(join(cwd, 'large.json'), JSON.stringify({ ...lab, keys: ['ecdsa-p521'] }));
  await writeFile(join(cwd, 'bare.json'), JSON.stringify({ ...lab, subject: { CN: 'supplied' } }));
  await writeFile(join(cwd, 'server.json'), server);
  for (const [problem, ...words] of refusals) {
    const refused = await signpost(...signing, ...words);
    assert.deepEqual([refused.code, problem.test(refused.stderr)], [1, true], refused.stderr);
  }
  await assert.rejects(readFile(join(cwd, 'away.pem')), { code: 'ENOENT' });
  await json('ca', 'root', 'sign', 'away.csr', ...root, '--out', 'free.pem', '--days', '50');
  const free = await signpost('ca', 'import-certificate', 'free.pem');
  assert.match(free.stderr, /expected its name constraints, as in profile lab/, 'signed by no profile');
  await json('ca', 'root', 'sign', 'away.csr', ...root, '--out', 'long.pem', '--permit', 'dns:lab.example');
  assert.match((await signpost('ca', 'import-certificate', 'long.pem')).stderr, /lifetime of at most 60d/);
  const signed = await signpost(...signing);
  assert.match(signed.stderr, /profile +lab\n +only below +dns:lab\.example/);
  const { stdout } = await openssl(['x509', '-in', join(cwd, 'away.pem'), '-noout', '-text']);
  assert.match(stdout, /ecdsa-with-SHA512[\s\S]*CA:TRUE, pathlen:0[\s\S]*DNS:lab\.example/);
  const active = await json('ca', 'import-certificate', 'away.pem');
  assert.deepEqual([active.state, (active.certificates as { profile: string }[])[0]?.profile], ['active', 'lab']);
  await json('ca', 'show', 'away', '--chain-out', 'chain.pem');
  await openssl(['verify', '-x509_strict', '-CAfile', join(cwd, 'ca/root.pem'), join(cwd, 'chain.pem')]);
});

test('the first authority takes a few commands, and rolls over', async (t) => {
  const { cwd, json, signpost, base } = await startServer(t);
  await writeFile(join(cwd, 'rp'), 'a passphrase for the root of all\n', { mode: 0o600 });
  await writeFile(join(cwd, 'np'), 'another passphrase for the next root\n', { mode: 0o600 });
  const passphrase = ['--passphrase-file', 'rp'];
  const weak = await signpost('ca', 'create-root', 'root', ...name('Root CA'), '--passphrase-file', 'pass', '--json');
  assert.equal(weak.code, 0, weak.stderr);
  await json('ca', 'create-root', 'top', ...name('Top CA'), '--path-length', '2', ...passphrase);
  const wrong = await signpost(
    'ca',
    'create-intermediate',
    'issuing',
    '--parent',
    'top',
    ...name('I CA'),
    '--passphrase-file',
    'pass',
  );
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /does not open/);
  assert.doesNotMatch(wrong.stderr + wrong.stdout, /correct horse battery/);
  await json('ca', 'create-intermediate', 'issuing', '--parent', 'top', ...name('Issuing CA'), ...passphrase);
  await json('ca', 'crl', 'publish', 'top', ...passphrase);
  assert.ok(((await json('ca', 'crl', 'show', 'top')).lists as unknown[]).length > 0);
  const next = await json('ca', 'rekey', 'issuing', ...passphrase);
  assert.equal(next.name, 'issuing-g2');
  await json('ca', 'renew', 'issuing-g2', ...passphrase);
  await json('ca', 'rekey', 'top', '--later', ...passphrase, '--new-passphrase-file', 'np');
  const listed = (await json('ca', 'list')).authorities as { name: string; successor: string | null }[];
  assert.deepEqual(
    listed.map((one) => [one.name, one.successor]),
    [
      ['issuing', 'issuing-g2'],
      ['issuing-g2', null],
      ['root', null],
      ['top', null],
      ['top-g2', null],
    ],
  );
  await json('ca', 'successor', 'issuing');
  await json('ca', 'retire', 'issuing-g2');
  const kept = await signpost('ca', 'revoke', 'top', '--yes');
  assert.match(kept.stderr, /hint: with --cascade/);
  assert.equal((await json('ca', 'revoke', 'top', '--cascade')).state, 'revoked');
  const served = await fetch(`${base}/pki/top-g2/chain.pem`);
  assert.equal(served.headers.get('content-type'), 'application/pem-certificate-chain');
  assert.equal((await fetch(`${base}/pki/issuing/ca.crt`)).status, 404);
});

test('an offline root refuses requests that ask for more, and its folder when it was changed', async (t) => {
  const cwd = await createWorkplace(t);
  await writeFile(join(cwd, 'rp'), 'a passphrase for the offline root\n', { mode: 0o600 });
  const root = ['--dir', 'ca', '--passphrase-file', 'rp', '--yes'];
  const init = ['ca', 'root', 'init', ...root, ...name('Offline Root CA'), '--key-type', 'ecdsa-p256'];
  await runJson(init, { cwd });
  assert.match((await run(init, { cwd })).stderr, /holds a root already/);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(cwd, 'k.pem')];
  const request = async (file: string, ...extensions: string[]) => {
    const asked = extensions.flatMap((text) => ['-addext', text]);
    await openssl(['req', '-new', '-subj', '/CN=Sub CA', ...key, ...asked, '-out', join(cwd, file)]);
  };
  await request('server.csr', 'subjectAltName=DNS:example.com');
  const foreign = await run(['ca', 'root', 'sign', 'server.csr', ...root], { cwd });
  assert.match(foreign.stderr, /path length, usages and key identifier alone/);
  const rsa = (exponent: number) =>
    openssl([
      ...['req', '-new', '-subj', '/CN=Sub CA', '-newkey', 'rsa:2048', '-pkeyopt', `rsa_keygen_pubexp:${exponent}`],
      ...['-nodes', '-keyout', join(cwd, 'r.pem'), '-out', join(cwd, 'rsa.csr')],
    ]);
  await rsa(3);
  const signing = ['ca', 'root', 'sign', 'rsa.csr', ...root, '--out', 'rsa.pem'];
  assert.match((await run(signing, { cwd })).stderr, /an RSA exponent above 2\^16/);
  await assert.rejects(readFile(join(cwd, 'rsa.pem')), { code: 'ENOENT' });
  await rsa(65_537);
  const { stdout: modulus } = await openssl(['req', '-noout', '-modulus', '-in', join(cwd, 'rsa.csr')]);
  const entry = createHash('sha1').update(modulus).digest('hex').slice(20);
  await mkdir(join(cwd, 'lists'));
  await writeFile(join(cwd, 'lists', 'own'), `# mine\n\n${entry.toUpperCase()}\n`);
  const listed = await run([...signing, '--weak-keys', 'lists'], { cwd });
  assert.match(listed.stderr, /on the list lists\/own: others have its private half/);
  await writeFile(join(cwd, 'other'), `${'0'.repeat(20)}\n${entry}0\n`);
  assert.match((await run([...signing, '--weak-keys', 'other'], { cwd })).stderr, /20 hex digits in line 2 of other/);
  await writeFile(join(cwd, 'other'), `${'0'.repeat(20)}\n`);
  await request('deep.csr', 'basicConstraints=critical,CA:TRUE,pathlen:1');
  const deep = await run(['ca', 'root', 'sign', 'deep.csr', ...root], { cwd });
  assert.match(deep.stderr, /hint: --path-length 0/);
  const cut = await run(['ca', 'root', 'sign', 'deep.csr', ...root, '--path-length', '0', '--weak-keys', 'other'], {
    cwd,
  });
  assert.match(cut.stderr, /\(asked otherwise\)/);
  assert.equal(cut.code, 0);
  const text = await readFile(join(cwd, 'deep.csr'), 'latin1');
  await writeFile(
    join(cwd, 'broken.csr'),
    text.replace(/[A-Za-z](?=[A-Za-z0-9+/]{3}\n-----END)/, (one) => (one === 'A' ? 'B' : 'A')),
  );
  assert.notEqual((await run(['ca', 'root', 'sign', 'broken.csr', ...root], { cwd })).code, 0);
  const wrong = await run(['ca', 'root', 'crl', '--dir', 'ca', '--passphrase-file', 'pass', '--yes'], { cwd });
  assert.match(wrong.stderr, /the passphrase is wrong, or the key file was changed/);
  const file = JSON.parse(await readFile(join(cwd, 'ca/key.json'), 'utf8'));
  await writeFile(join(cwd, 'ca/key.json'), JSON.stringify({ ...file, created_at: '2020-01-01T00:00:00.000Z' }));
  assert.match((await run(['ca', 'root', 'crl', ...root], { cwd })).stderr, /the key file was changed/);
});
