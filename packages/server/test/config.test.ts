import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUnknownVariables, parseConfig } from '../src/config.ts';
import { ConfigError, type Environment } from '../src/config-reader.ts';

function problemsOf(env: Environment): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

test('certificates name the base URL, unless they have an address of their own', () => {
  const base = { SIGNPOST_BASE_URL: 'https://updates.example.org' };
  assert.equal(parseConfig(base).pkiUrl, 'https://updates.example.org');
  assert.equal(parseConfig({ ...base, SIGNPOST_PKI_URL: 'http://pki.example.org/' }).pkiUrl, 'http://pki.example.org');
  assert.equal(parseConfig({}).pkiUrl, undefined);
});

test('without any variable the settings are the documented defaults', () => {
  assert.deepEqual(parseConfig({}), {
    dataDir: './data',
    databaseUrl: undefined,
    listen: { host: '127.0.0.1', port: 8787 },
    tls: undefined,
    clientCertificates: 'off',
    plainListen: undefined,
    baseUrl: undefined,
    pkiUrl: undefined,
    trustedProxies: [],
    trustRoots: [],
    vaultPasswordFile: undefined,
    clamd: '/run/clamav/clamd.ctl',
    scan: 'required',
    maxUploadMb: 2048,
    maxUncompressedMb: 500,
    maxSbomMb: 64,
    readsPerMinute: 60,
    loginsPerMinute: 5,
    mail: undefined,
    acmePerMinute: 600,
    dnsServers: [],
    outgoing: 'on',
    outgoingAddresses: 'private',
    bus: { kind: 'memory' },
    webhookAddresses: 'public',
    webhookRotationHours: 24,
    webhookFailureDays: 5,
    pushConnections: 20_000,
    pushConnectionsPerAddress: 100,
    pushFramesPerSecond: 0,
    pushKeepFrames: 100_000,
    pushKeepDays: 30,
    watchHosts: [],
    dockerConfigFile: undefined,
    weakKeyLists: [],
    npmrcFile: undefined,
    wordpressCaFile: undefined,
    wordpressHosts: ['https://plugins.svn.wordpress.org'],
    phpcs: 'phpcs',
    phpcsStandard: undefined,
    phpTarget: '7.4',
    wpCli: 'wp',
    wordpressPath: undefined,
    admissionsPerMinute: 3000,
    environment: {},
    console: 'on',
    projectList: 'off',
    backupDir: undefined,
    backupRecipients: [],
    backupKeepDays: 7,
    restoreMaxMb: 5120,
    restoreMaxUnpackedMb: 10_240,
    logLevel: 'info',
  });
});

test('each variable is read', () => {
  const root = Buffer.alloc(32, 7).toString('base64');
  const config = parseConfig({
    SIGNPOST_DATA: '/srv/signpost',
    SIGNPOST_DATABASE: 'postgres://signpost@db.example/signpost',
    SIGNPOST_LISTEN: '[::1]:0',
    SIGNPOST_BASE_URL: 'https://updates.example/',
    SIGNPOST_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::1',
    SIGNPOST_TRUST_ROOT: root,
    SIGNPOST_VAULT_PASSWORD_FILE: '/run/credentials/vault',
    SIGNPOST_CLAMD: 'clamd.example:3310',
    SIGNPOST_SCAN: 'off',
    SIGNPOST_MAX_UPLOAD_MB: '1',
    MAX_UNCOMPRESSED_MB: '2',
    SIGNPOST_READS_PER_MINUTE: '0',
    SIGNPOST_LOGINS_PER_MINUTE: '3',
    SIGNPOST_ACME_PER_MINUTE: '0',
    SIGNPOST_DNS_SERVERS: '10.0.0.53, 127.0.0.1:5353, fd00::53, [fd00::53]:53',
    SIGNPOST_OUTGOING: 'off',
    SIGNPOST_OUTGOING_ADDRESSES: 'public',
    SIGNPOST_WATCH_HOSTS: 'registry.corp:5000, http://OLD.corp, [fd00::1]:80',
    SIGNPOST_DOCKER_CONFIG: '/run/credentials/docker',
    SIGNPOST_NPMRC: '/run/credentials/npmrc',
    SIGNPOST_WEAK_KEYS: '/usr/share/openssl-blacklist, /etc/signpost/weak-keys',
    SIGNPOST_LOG_LEVEL: 'debug',
  });
  assert.deepEqual([config.acmePerMinute, config.npmrcFile], [0, '/run/credentials/npmrc']);
  assert.deepEqual(config.weakKeyLists, ['/usr/share/openssl-blacklist', '/etc/signpost/weak-keys']);
  assert.equal(config.dockerConfigFile, '/run/credentials/docker');
  assert.deepEqual(config.watchHosts, [
    { host: 'registry.corp:5000', isPlain: false },
    { host: 'old.corp', isPlain: true },
    { host: '[fd00::1]:80', isPlain: false },
  ]);
  assert.deepEqual([config.outgoing, config.outgoingAddresses], ['off', 'public']);
  assert.deepEqual(config.dnsServers, ['10.0.0.53', '127.0.0.1:5353', 'fd00::53', '[fd00::53]:53']);
  assert.deepEqual(config.listen, { host: '::1', port: 0 });
  assert.equal(config.baseUrl, 'https://updates.example');
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '2001:db8::1']);
  assert.deepEqual(config.trustRoots, [root]);
  assert.deepEqual([config.maxUploadMb, config.maxUncompressedMb, config.readsPerMinute], [1, 2, 0]);
});

test('the certificate comes from two files or from an authority', () => {
  const files = { SIGNPOST_TLS_CERT: 'c.pem', SIGNPOST_TLS_KEY: 'k.pem' };
  assert.deepEqual(parseConfig(files).tls, { kind: 'files', certFile: 'c.pem', keyFile: 'k.pem' });
  assert.deepEqual(parseConfig({ SIGNPOST_TLS_AUTHORITY: 'web' }).tls, { kind: 'authority', authority: 'web' });
  assert.match(String(problemsOf({ ...files, SIGNPOST_TLS_AUTHORITY: 'web' })), /SIGNPOST_TLS_AUTHORITY/);
  for (const wrong of [{ SIGNPOST_TLS_CERT: 'c.pem' }, { SIGNPOST_TLS_KEY: 'k.pem' }])
    assert.match(String(problemsOf(wrong)), /both or neither/);
});

test('the bus for others is PostgreSQL or NATS, each with what it needs', () => {
  const servers = 'nats://one.example:4222, tls://two.example';
  const nats = { SIGNPOST_BUS: servers, SIGNPOST_BUS_CREDENTIALS: '/run/nats.creds' };
  assert.deepEqual(parseConfig(nats).bus, {
    ...{ kind: 'nats', servers: ['nats://one.example:4222', 'tls://two.example'], credentialsFile: '/run/nats.creds' },
  });
  const postgres = { SIGNPOST_BUS: 'postgres', SIGNPOST_DATABASE: 'postgres://db.example/signpost' };
  assert.deepEqual(parseConfig(postgres).bus, { kind: 'postgres' });
  for (const wrong of [
    { SIGNPOST_BUS: 'postgres' },
    { SIGNPOST_BUS: 'redis://x' },
    { SIGNPOST_BUS: 'nats://name:word@one.example' },
    { SIGNPOST_BUS: 'nats://one.example, ' },
    { SIGNPOST_BUS_CREDENTIALS: 'x' },
  ]) {
    assert.match(String(problemsOf(wrong)), /SIGNPOST_BUS.*: expected/, JSON.stringify(wrong));
    assert.doesNotMatch(String(problemsOf(wrong)), /word/);
  }
});

test('a variable that nobody reads is named, so that a typing error does not pass for a setting', () => {
  const others = { SIGNPOST_SERVER: 'x', SIGNPOST_API_KEY: 'x', SIGNPOST_TEST_POSTGRES: 'x', PATH: 'x' };
  assert.deepEqual(findUnknownVariables({ ...others, SIGNPOST_DATA: 'x', MAX_UNCOMPRESSED_MB: '2' }), []);
  const wrong = { SIGNPOST_TRUSTED_PROXY: 'x', SIGNPOST_LOGIN_PER_MINUTE: '3', SIGNPOST_EMPTY: '' };
  assert.deepEqual(findUnknownVariables({ ...others, ...wrong }), [
    'SIGNPOST_LOGIN_PER_MINUTE',
    'SIGNPOST_TRUSTED_PROXY',
  ]);
});

test('no setting is taken for unknown', () => {
  const names = new Set<string>();
  const watched = new Proxy<Environment>(
    {},
    {
      get: (_target, name) => {
        names.add(String(name));
        return undefined;
      },
    },
  );
  parseConfig(watched);
  const settings = [...names].filter((name) => name.startsWith('SIGNPOST_'));
  assert.ok(settings.length > 10);
  assert.deepEqual(findUnknownVariables(Object.fromEntries(settings.map((name) => [name, 'x']))), []);
});

test('an empty variable counts as not set', () => {
  const environment = { SIGNPOST_SCAN: '', SIGNPOST_LISTEN: ' ' };
  assert.deepEqual(parseConfig(environment), { ...parseConfig({}), environment });
});

test('a password of the database stands in no URL, nor behind it', () => {
  for (const url of ['postgres://u:hunter2@db.example/s', 'postgres://u@db.example/s?password=hunter2']) {
    assert.throws(
      () => parseConfig({ SIGNPOST_DATABASE: url }),
      (error: Error) => /SIGNPOST_DATABASE/.test(error.message) && !/hunter2/.test(error.message),
    );
  }
});

test('every problem is named at once, by variable and never by value', () => {
  const secret = 'hunter2';
  const wrong = {
    SIGNPOST_BASE_URL: `https://user:${secret}@updates.example`,
    SIGNPOST_DATABASE: `postgres://signpost:${secret}@db.example/signpost`,
    SIGNPOST_LISTEN: `${secret}`,
    SIGNPOST_TRUSTED_PROXIES: `10.0.0.0/8,${secret}`,
    SIGNPOST_TRUST_ROOT: secret,
    SIGNPOST_SCAN: secret,
    SIGNPOST_MAX_UPLOAD_MB: secret,
    MAX_UNCOMPRESSED_MB: '0',
    SIGNPOST_READS_PER_MINUTE: '-1',
    SIGNPOST_LOGINS_PER_MINUTE: '0',
    SIGNPOST_ACME_PER_MINUTE: '-1',
    SIGNPOST_DNS_SERVERS: `10.0.0.53,${secret}`,
    SIGNPOST_OUTGOING: secret,
    SIGNPOST_OUTGOING_ADDRESSES: secret,
    SIGNPOST_BACKUP_RECIPIENTS: secret,
    SIGNPOST_BACKUP_KEEP: '0',
    SIGNPOST_RESTORE_MAX_MB: '0',
    SIGNPOST_RESTORE_MAX_UNPACKED_MB: secret,
    SIGNPOST_LOG_LEVEL: secret,
  };
  const problems = problemsOf(wrong);
  assert.deepEqual(
    problems.map((problem) => problem.split(':')[0]),
    Object.keys(wrong),
  );
  assert.ok(!problems.join().includes(secret));
});

test('what is nearly right is refused', () => {
  const wrong: readonly Environment[] = [
    { SIGNPOST_DATABASE: 'mysql://db.example/signpost' },
    { SIGNPOST_LISTEN: '127.0.0.1' },
    { SIGNPOST_LISTEN: '127.0.0.1:65536' },
    { SIGNPOST_BASE_URL: 'ftp://updates.example' },
    { SIGNPOST_BASE_URL: 'https://updates.example/?a=b' },
    { SIGNPOST_TRUSTED_PROXIES: '10.0.0.0/33' },
    { SIGNPOST_TRUSTED_PROXIES: '10.0.0.0/8,' },
    { SIGNPOST_TRUST_ROOT: Buffer.alloc(31).toString('base64') },
    { SIGNPOST_MAX_UPLOAD_MB: '1.5' },
    { SIGNPOST_SCAN: 'Off' },
  ];
  for (const env of wrong) assert.equal(problemsOf(env).length, 1, JSON.stringify(env));
});
