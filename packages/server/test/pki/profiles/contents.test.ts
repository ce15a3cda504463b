import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { formatKeyLabel, type KeyLabel, keyLabels, parseKeyLabel } from '../../../src/pki/profiles/key-label.ts';
import { type IssuedName, parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { certify, createSigner, type Party, profiles, today } from './certify.ts';

const run = promisify(execFile);
const names: readonly IssuedName[] = ['dns:host.example', 'dns:*.host.example', 'ip:10.0.0.1', 'ip:fd00::1'].map(
  parseNameText,
);
const server = { profile: 'server', subject: [], names: [parseNameText('dns:host.example')] } as const;
const usual: Readonly<
  Record<string, { names: readonly IssuedName[]; subject: readonly (readonly [string, string])[] }>
> = {
  server: {
    names,
    subject: [
      ['O', 'Müller & Söhne'],
      ['CN', 'host.example'],
    ],
  },
  'server-short-lived': { names, subject: [] },
  email: { names: [parseNameText('email:a.b@host.example')], subject: [] },
};

let signers: Promise<ReadonlyMap<KeyLabel, CertificateSigner>> | undefined;

/** One key of each type, made once. */
async function openSigners(): Promise<ReadonlyMap<KeyLabel, CertificateSigner>> {
  signers ??= Promise.all(
    keyLabels.map(async (label) => [label, await createSigner(parseKeyLabel(label))] as const),
  ).then((entries) => new Map(entries));
  return signers;
}

async function openTree(signer?: CertificateSigner): Promise<{ root: Party; issuing: Party }> {
  const root = await certify({
    profile: 'root',
    subject: [
      ['C', 'AT'],
      ['CN', 'Root'],
    ],
    pathLength: 1,
  });
  const issuing = await certify({
    ...{ profile: 'intermediate', subject: [['CN', 'Issuing']], pathLength: 0, issuer: root },
    ...(signer ? { signer } : {}),
  });
  return { root, issuing };
}

async function assertAccepted(t: TestContext, chain: readonly Certificate[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const pems = chain.map(({ bytes }) => encodePem('CERTIFICATE', bytes));
  const [leaf = '', ...above] = pems;
  await writeFile(join(folder, 'leaf'), leaf);
  await writeFile(join(folder, 'above'), above.slice(0, -1).join(''));
  await writeFile(join(folder, 'root'), above.at(-1) ?? '');
  await writeFile(join(folder, 'chain'), pems.join(''));
  const options = [
    '-x509_strict',
    '-check_ss_sig',
    '-CAfile',
    'root',
    ...(above.length > 1 ? ['-untrusted', 'above'] : []),
  ];
  await run('openssl', ['verify', ...options, 'leaf'], { cwd: folder, timeout: 20_000 });
  const { stdout } = await run('certtool', ['--verify-chain', '--infile', 'chain'], { cwd: folder, timeout: 20_000 });
  assert.match(stdout, /Chain verification output: Verified/);
}

for (const profile of [...profiles.values()].filter(({ kind }) => kind === 'leaf')) {
  test(`openssl -x509_strict and certtool accept profile ${profile.name} with every key type that it takes`, async (t) => {
    const all = await openSigners();
    const { root, issuing } = await openTree();
    for (const label of profile.keys) {
      const signer = all.get(label);
      assert.ok(signer);
      const { certificate } = await certify({ profile, issuer: issuing, signer, ...usual[profile.name] });
      assert.equal(formatKeyLabel(signer.subjectKey), label);
      await assertAccepted(t, [certificate, issuing.certificate, root.certificate]);
    }
  });
}

test('openssl -x509_strict and certtool accept authorities of every key type', async (t) => {
  for (const [label, signer] of await openSigners()) {
    const root = await certify({ profile: 'root', signer, subject: [['CN', `Root ${label}`]] });
    const wish = { profile: 'intermediate', subject: [['CN', 'Below']], issuer: root, pathLength: 0 } as const;
    const nameConstraints = { permitted: ['dns:host.example', 'ip:10.0.0.0/8'], excluded: ['email:.host.example'] };
    const below = await certify({ ...wish, nameConstraints });
    const leaf = await certify({ ...server, issuer: below });
    await assertAccepted(t, [leaf.certificate, below.certificate, root.certificate]);
  }
});

suite('a certificate', () => {
  test('points at its issuer, its lists and its answers', async () => {
    const { issuing } = await openTree();
    const { certificate } = await certify({ ...server, issuer: issuing });
    const { crlDistributionPoints, authorityInformationAccess, authorityKeyIdentifier } = certificate.extensions;
    assert.deepEqual(crlDistributionPoints?.value[0]?.name, {
      kind: 'full',
      names: [{ kind: 'uri', text: 'http://pki.example/pki/issuing/crl' }],
    });
    assert.deepEqual(
      authorityInformationAccess?.value.map(({ location }) => location.kind === 'uri' && location.text),
      ['http://pki.example/pki/issuing/ocsp', 'http://pki.example/pki/issuing/ca.crt'],
    );
    assert.equal(
      encodeHex(authorityKeyIdentifier?.value.keyIdentifier ?? new Uint8Array()),
      encodeHex(issuing.certificate.extensions.subjectKeyIdentifier?.value ?? new Uint8Array()),
    );
  });

  test('with an empty subject has critical names, with a subject names that are not', async () => {
    const { issuing } = await openTree();
    const bare = await certify({ ...server, issuer: issuing });
    const named = await certify({ ...server, issuer: issuing, subject: [['CN', 'host.example']] });
    assert.equal(bare.certificate.extensions.subjectAlternativeName?.critical, true);
    assert.equal(named.certificate.extensions.subjectAlternativeName?.critical, false);
  });

  test('begins a few minutes before now and ends no later than its issuer', async () => {
    const root = await certify({ profile: 'root', lifetimeMs: 86_400_000 });
    const { certificate } = await certify({ ...server, issuer: root });
    assert.equal(certificate.notBefore, today - 300_000);
    assert.equal(certificate.notAfter, root.certificate.notAfter);
  });

  test('demands a stapled answer where the profile lets it be asked for', async () => {
    const { issuing } = await openTree();
    const { certificate } = await certify({ ...server, issuer: issuing, mustStaple: true });
    assert.deepEqual(certificate.extensions.tlsFeature?.value, [5]);
  });
});

suite('refused is', () => {
  const refusals: Readonly<Record<string, readonly [rule: string, wish: object]>> = {
    'a key type that the profile does not take': [
      'key-type',
      { profile: 'email', key: 'ed25519', subject: [], names: [parseNameText('email:a@host.example')] },
    ],
    'a server without names': ['name-count', { ...server, names: [] }],
    'more names than a profile takes': [
      'name-count',
      { ...server, names: Array.from({ length: 101 }, (_, at) => parseNameText(`dns:h${at}.example`)) },
    ],
    'a name twice': [
      'name-twice',
      { ...server, names: [parseNameText('dns:host.example'), parseNameText('dns:HOST.example')] },
    ],
    'a form of name that the profile does not take': [
      'name-kind',
      { ...server, names: [parseNameText('email:a@host.example')] },
    ],
    'a wildcard where the profile has none': [
      'wildcard',
      { profile: 'client', names: [parseNameText('dns:*.host.example')] },
    ],
    'a common name that is no alternative name': ['common-name', { ...server, subject: [['CN', 'other.example']] }],
    'a label that only looks like an A-label': [
      'name-a-label',
      { ...server, names: [parseNameText('dns:xn--99999999.example')] },
    ],
    'hyphens in third and fourth place': ['name-a-label', { ...server, names: [parseNameText('dns:ab--cd.example')] }],
    'an attribute that the profile does not name': ['subject-attribute', { ...server, subject: [['title', 'Dr']] }],
    'an attribute that is missing': ['subject-missing', { profile: 'client', subject: [] }],
    'an attribute that is too long': ['subject-length', { profile: 'client', subject: [['CN', 'x'.repeat(65)]] }],
    'an attribute that turns the reading direction': [
      'subject-text',
      { profile: 'client', subject: [['CN', 'a\u202eb']] },
    ],
    'a country that is none': [
      'subject-text',
      {
        profile: 'client',
        subject: [
          ['CN', 'a'],
          ['C', 'at'],
        ],
      },
    ],
    'too many attributes': [
      'subject-count',
      { profile: 'client', subject: Array.from({ length: 21 }, () => ['CN', 'a']) },
    ],
    'a lifetime above the maximum': ['lifetime', { ...server, lifetimeMs: 398 * 86_400_000 }],
    'a lifetime that is over': ['lifetime', { ...server, lifetimeMs: -1 }],
    'a path length in a leaf': ['path-length', { ...server, pathLength: 0 }],
    'a stapled answer where the profile has none': ['must-staple', { profile: 'client', mustStaple: true }],
    'name constraints in a leaf': [
      'name-constraints',
      { profile: 'client', nameConstraints: { permitted: [], excluded: ['dns:a.example'] } },
    ],
    'a root with an issuer': ['issuer', { profile: 'root', lifetimeMs: 86_400_000 }],
    'an authority deeper than its issuer allows': ['path-length', { profile: 'intermediate', pathLength: 0 }],
  };
  for (const [what, [rule, { key, ...wish }]] of Object.entries(refusals) as [string, [string, { key?: KeyLabel }]][]) {
    test(what, async () => {
      const { issuing } = await openTree();
      const signer = key === undefined ? {} : { signer: await createSigner(parseKeyLabel(key)) };
      const asked = { ...(wish as Parameters<typeof certify>[0]), ...signer };
      await assert.rejects(certify({ ...asked, issuer: issuing }), { code: 'invalid', rule });
    });
  }

  test('a leaf without an issuer, or below a leaf', async () => {
    await assert.rejects(certify(server), { rule: 'issuer' });
    const { issuing } = await openTree();
    const leaf = await certify({ ...server, issuer: issuing });
    await assert.rejects(certify({ ...server, issuer: leaf }), { rule: 'issuer' });
  });

  test('an end after the issuer where the profile does not clamp', async () => {
    const root = await certify({ profile: 'root', lifetimeMs: 86_400_000 });
    const profile = profiles.get('server');
    assert.ok(profile);
    const strict = { ...profile, lifetime: { ...profile.lifetime, beyond_issuer: 'refuse' } } as const;
    await assert.rejects(certify({ ...server, profile: strict, issuer: root }), { rule: 'beyond-issuer' });
    await assert.rejects(certify({ ...server, issuer: root, now: today + 2 * 86_400_000 }), { rule: 'issuer-expired' });
  });

  test('an attribute other than the issuer has it, where the profile matches', async () => {
    const { issuing } = await openTree();
    const profile = profiles.get('client');
    assert.ok(profile);
    const matching = { ...profile, subject: { ...profile.subject, O: 'match' } } as const;
    const subject = [
      ['O', 'Foreign'],
      ['CN', 'a'],
    ] as const;
    await assert.rejects(certify({ profile: matching, subject, issuer: issuing }), { rule: 'subject-match' });
  });
});
