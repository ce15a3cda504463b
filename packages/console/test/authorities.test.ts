/** What the pages of authorities read from dropped files, and write for the machine that holds a root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { parsePem } from '@signpost/protocol/asn1/pem';
import {
  readAuthorityFiles,
  readDropped,
  readList,
  selectCertificates,
} from '../src/areas/certificates/authority-files.ts';
import { initCommand, listCommand, signCommand } from '../src/areas/certificates/offline-commands.ts';
import { isBelow } from '../src/areas/certificates/states.ts';

/** What openssl writes: a key, its certificate, and both in one file. */
function makeRoot() {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-test-'));
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  const read = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
  try {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'root.key'];
    openssl('req', '-x509', ...key, '-subj', '/O=Foreign/CN=Foreign Root', '-days', '30', '-out', 'root.pem');
    openssl('pkcs12', '-export', '-inkey', 'root.key', '-in', 'root.pem', '-passout', 'pass:one', '-out', 'root.p12');
    writeFileSync(join(folder, 'index'), '');
    writeFileSync(join(folder, 'number'), '01');
    writeFileSync(
      join(folder, 'ca.cnf'),
      '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n',
    );
    const lists = [
      '-config',
      'ca.cnf',
      '-keyfile',
      'root.key',
      '-cert',
      'root.pem',
      '-crldays',
      '30',
      '-out',
      'list.pem',
    ];
    openssl('ca', '-gencrl', ...lists);
    openssl('crl', '-in', 'list.pem', '-outform', 'DER', '-out', 'list.crl');
    const [rootKey, root] = [read('root.key'), read('root.pem')].map((bytes) => new TextDecoder().decode(bytes));
    return { key: rootKey ?? '', root: root ?? '', pkcs12: read('root.p12'), list: read('list.crl') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const encode = (text: string) => new TextEncoder().encode(text);

suite('dropped files of an authority', () => {
  let foreign: ReturnType<typeof makeRoot>;
  before(() => {
    foreign = makeRoot();
  });

  test('are read together: keys, and certificates with what they say of themselves', () => {
    const read = readAuthorityFiles([encode(foreign.key), encode(foreign.root + foreign.root)]);
    assert.ok(read.kind === 'pem');
    assert.equal(read.keys, 1);
    assert.deepEqual(
      read.certificates.map(({ subject }) => subject),
      ['O=Foreign, CN=Foreign Root', 'O=Foreign, CN=Foreign Root'],
    );
    const der = Uint8Array.from(atob(foreign.root.replace(/-----[^-]+-----|\s/g, '')), (one) => one.charCodeAt(0));
    const alone = readAuthorityFiles([der]);
    assert.ok(alone.kind === 'pem');
    assert.equal(alone.certificates.length, 1);
    assert.equal(alone.pem.replace(/\s/g, ''), foreign.root.replace(/\s/g, ''));
  });

  test('are a PKCS#12 when they are one, which nothing here opens', () => {
    assert.equal(readAuthorityFiles([foreign.pkcs12]).kind, 'pkcs12');
  });

  test('give their certificates alone where nothing else may leave the page, and none beside a private key', () => {
    const only = selectCertificates(readAuthorityFiles([encode(`a note\n${foreign.root}`)]));
    assert.equal(only, foreign.root);
    for (const files of [
      [encode(foreign.root + foreign.key)],
      [encode(foreign.root), encode(foreign.key)],
      [foreign.pkcs12],
    ]) {
      assert.equal(selectCertificates(readAuthorityFiles(files)), undefined);
    }
    assert.throws(() => selectCertificates(readAuthorityFiles([encode('a note')])), { code: 'malformed' });
  });

  test('are no PKCS#12 when they are a key in DER, and no revocation list when they are anything else', async () => {
    const key = parsePem(foreign.key, 10_000)[0]?.bytes ?? new Uint8Array();
    assert.throws(() => readAuthorityFiles([key]), { code: 'malformed' });
    for (const text of [foreign.key, foreign.root]) await assert.rejects(readList(new File([text], 'root.crl')));
    for (const bytes of [key, foreign.pkcs12]) await assert.rejects(readList(new File([bytes], 'root.crl')));
    assert.deepEqual(await readList(new File([foreign.list], 'root.crl')), foreign.list);
  });

  test('that are neither, or too large, are refused', async () => {
    assert.throws(() => readAuthorityFiles([encode('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')]));
    const huge = { name: 'huge.pem', size: 500_001, arrayBuffer: () => Promise.reject(new Error('never read')) };
    await assert.rejects(readDropped([huge]), { code: 'too_large' });
  });
});

test('a common name is one word for a shell on the other machine', () => {
  const name = "it's\u001b[201~\n$(id) `id`";
  const shell = `signpost() { printf '%s\\n' "$@"; }; ${initCommand(name)}`;
  const words = execFileSync('/bin/sh', ['-c', shell], { encoding: 'utf8' }).split('\n');
  assert.equal(words[words.indexOf('--cn') + 1], "it's [201~ $(id) `id`");
});

test('the addresses of a root go into what it signs, where the server knows them', () => {
  const parent = { crl_url: 'http://pki.example/pki/root/crl', issuer_url: 'http://pki.example/pki/root/ca.crt' };
  const command = signCommand({ name: 'issuing' }, parent);
  assert.match(command, /^signpost ca root sign issuing\.csr /);
  assert.match(command, / --crl-url http:\/\/pki\.example\/pki\/root\/crl /);
  assert.match(command, / --issuer-url http:\/\/pki\.example\/pki\/root\/ca\.crt$/);
  assert.doesNotMatch(signCommand({ name: 'issuing' }, { crl_url: null, issuer_url: null }), /url/);
  assert.match(listCommand({ serial: '4f0c', reason: 'cACompromise' }), /--revoke 4f0c --reason cACompromise /);
  assert.doesNotMatch(listCommand(undefined), /revoke/);
});

test('who stands below whom is told over any number of authorities, in a circle as well', () => {
  const [root, middle, leaf] = [
    { name: 'root', parent: null },
    { name: 'middle', parent: 'root' },
    { name: 'leaf', parent: 'middle' },
  ] as unknown as Parameters<typeof isBelow>[2] & { length: 3 };
  const all = [root, middle, leaf].flatMap((one) => (one ? [one] : []));
  assert.ok(root && leaf);
  assert.equal(isBelow(leaf, root, all), true);
  assert.equal(isBelow(root, leaf, all), false);
});
