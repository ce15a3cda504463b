/** Command lines, trust policies and workspaces of other tools, and files that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attestors,
  clusterImagePolicy,
  clusterPolicy,
  effectsOf,
  githubIssuer,
  key,
  keyless,
  keyPem,
  read,
  workflow,
} from './scene.ts';

test('cosign: command lines are read word by word, alternatives are one rule, and nothing is run', () => {
  const script = `#!/bin/sh
set -eu
# rule: production
cosign verify --certificate-identity=${workflow}@refs/tags/v1 \\
  --certificate-oidc-issuer "${githubIssuer}" ghcr.io/org/app:1.2 ||
cosign verify --key cosign.pub -o json ghcr.io/org/app:1.2
cosign verify --key cosign.pub --insecure-ignore-tlog ghcr.io/org/b && cosign verify-attestation --type spdxjson --key cosign.pub ghcr.io/org/b
`;
  const { rules, remarks } = read('cosign', script, { 'cosign.pub': keyPem });
  assert.deepEqual(
    rules.map(({ name, match, require }) => [name, match?.source, require]),
    [
      [
        ...['production', 'oci:ghcr.io/org/app'],
        {
          signers: [
            { issuer: githubIssuer, subject: workflow, refType: 'tag', repository: 'https://github.com/org/app' },
            { key: key.sha256 },
          ],
          transparency: true,
        },
      ],
      ['command 2', 'oci:ghcr.io/org/b', { signers: [{ key: key.sha256 }], transparency: true, sbom: true }],
    ],
  );
  assert.deepEqual(
    remarks.map(({ effect, clause }) => `${effect} ${clause}`),
    [
      'stricter production',
      'looser production, alternative 1 subject',
      'stricter production, alternative 1 subject',
      'looser command 3',
    ],
  );
  for (const [flags, expected] of [
    ['--policy x.cue', ['looser command 1 --policy']],
    ['-a team=x', ['looser command 1 --a']],
    ['--rekor-url https://log.example', ['looser command 1 --rekor-url']],
    ['--insecure-ignore-sct', ['stricter command 1 --insecure-ignore-sct']],
    ['--check-claims=false', ['stricter command 1 --check-claims']],
    ['--local-image', ['looser command 1 --local-image']],
    ['--use-signed-timestamps', ['looser command 1 --use-signed-timestamps']],
    ['--offline --timeout 3m', []],
  ] as const) {
    const answer = read('cosign', `cosign verify --key k ${flags} ghcr.io/org/app`, { k: keyPem });
    assert.deepEqual(effectsOf(answer), expected, flags);
  }
  assert.deepEqual(
    effectsOf(read('cosign', 'cosign verify --key k ghcr.io/org/app')),
    ['looser command 1'].toSpliced(0, 0, 'stricter command 1 --key'),
  );
});

test('notation: statements with certificates that stand for themselves, and their levels', () => {
  const statement = (level: string, more: object = {}) => ({
    ...{ name: 'wabbit', registryScopes: ['registry.example/net-monitor'], signatureVerification: { level } },
    ...{ trustStores: ['ca:wabbit'], trustedIdentities: ['*'], ...more },
  });
  const policy = (...trustPolicies: object[]) => JSON.stringify({ version: '1.0', trustPolicies });
  const unread = 'stricter wabbit';
  for (const [text, expected] of [
    [policy(statement('strict')), ['stricter wabbit: trustStores', unread, 'looser wabbit']],
    [
      policy(statement('permissive', { trustStores: [] })),
      ['stricter wabbit: signatureVerification.level', unread, 'looser wabbit'],
    ],
    [
      policy(statement('audit', { trustStores: ['tsa:x'] })),
      ['looser wabbit: signatureVerification.level', unread, 'looser wabbit'],
    ],
    [policy(statement('skip', { trustStores: [] })), ['looser wabbit: signatureVerification.level', 'looser wabbit']],
    [
      policy(
        statement('strict', {
          trustedIdentities: ['x509.subject: C=US, ST=WA, O=wabbit'],
          signatureVerification: { level: 'strict', override: { revocation: 'skip' }, verifyTimestamp: 'always' },
        }),
      ),
      [
        'stricter wabbit: trustStores',
        'looser wabbit: signatureVerification.override.revocation',
        'stricter wabbit: signatureVerification.verifyTimestamp',
        'looser wabbit: trustedIdentities',
        unread,
        'looser wabbit',
      ],
    ],
  ] as const) {
    assert.deepEqual(effectsOf(read('notation', text)), expected, text);
  }
  const { rules } = read(
    'notation',
    policy({ ...statement('strict'), name: 'all', registryScopes: ['*'] }, statement('audit')),
  );
  assert.deepEqual(
    rules.map(({ name, match, mode }) => [name, match?.source, mode]),
    [
      ['wabbit', 'oci:registry.example/net-monitor', 'warn'],
      ['all', 'oci:**', 'enforce'],
    ],
  );
});

test('pnpm: ages, trust and exceptions are carried over; other settings are no question of trust', () => {
  const { rules, remarks } = read(
    'pnpm',
    `packages: ["apps/*"]
trustPolicy: no-downgrade
trustPolicyExclude: [chokidar@4.0.3, "@org/*"]
trustPolicyIgnoreAfter: 43200
minimumReleaseAge: 1450
minimumReleaseAgeExclude: ["@org/app", "!x", webpack]
minimumReleaseAgeLater: 1
`,
  );
  assert.deepEqual(
    remarks.map(({ effect, clause }) => `${effect} ${clause}`),
    [
      'stricter trustPolicyExclude[0]',
      'stricter minimumReleaseAgeExclude[1]',
      'looser trustPolicyExclude',
      'stricter trustPolicyIgnoreAfter',
      'stricter minimumReleaseAge',
      'looser minimumReleaseAgeLater',
    ],
  );
  assert.deepEqual(
    rules.map(({ match, findings, require }) => [
      match?.source,
      Object.values(findings ?? {}).join(),
      require?.age_hours,
    ]),
    [
      ['npm:@org/app', 'allow,allow', undefined],
      ['npm:webpack', 'deny,deny', undefined],
      ['npm:@org/*', 'allow,allow', 25],
      ['npm:**', 'deny,deny', 25],
    ],
  );
  assert.deepEqual(
    effectsOf(
      read('pnpm', 'trustPolicy: off\nminimumReleaseAgeStrict: false\nminimumReleaseAgeIgnoreMissingTime: true'),
    ),
    ['stricter trustPolicy', 'stricter minimumReleaseAgeStrict', 'stricter minimumReleaseAgeIgnoreMissingTime'],
  );
});

test('what is no file of the tool is refused as a whole, and says where', () => {
  const usual = clusterImagePolicy(keyless('subject: a@example.org'));
  const check = clusterPolicy(`imageReferences: [x]\n${attestors}`);
  for (const [format, text, message] of [
    ['policy-controller', '', /something in it/],
    ['policy-controller', 'a: [', /expected YAML/],
    ['policy-controller', 'a: 1\na: 2', /DUPLICATE_KEY/],
    ['policy-controller', 'a: &x [1]\nb: *x', /aliases/],
    ['policy-controller', 'a: !!js/function x', /expected YAML/],
    ['policy-controller', '['.repeat(65) + ']'.repeat(65), /64 deep/],
    ['policy-controller', 'a: {b: 1, "b": 2}', /DUPLICATE_KEY/],
    ['policy-controller', '[]'.repeat(20_001), /brackets/],
    ['policy-controller', `[${','.repeat(50_001)}]`, /commas/],
    [
      'cosign',
      `cosign verify --certificate-identity-regexp '${'\\'.repeat(4096)}a$' --certificate-oidc-issuer https://x ghcr.io/a/b`,
      /issuers and subjects of at most 4096 characters/,
    ],
    ['policy-controller', 'a\n---\n'.repeat(501), /500 documents/],
    ['policy-controller', usual.replace('v1beta1', 'v2'), /apiVersion/],
    ['policy-controller', usual.replace('ctlog:', 'rekor:'), /rekor/],
    ['policy-controller', clusterImagePolicy('name: nobody'), /one of key, keyless and static/],
    ['policy-controller', clusterImagePolicy('key:\n  data: x'), /no public keys/],
    [
      'policy-controller',
      clusterImagePolicy('key:\n  data: "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----"'),
      /no public keys/,
    ],
    ['kyverno', check.replace('verifyImages', 'validates'), /expected verifyImages/],
    ['kyverno', check.replace('entries', 'entrys'), /entrys/],
    ['kyverno', check.replace('keyless:', 'keys: {}\n          keyless:'), /one of keyless/],
    ['cosign', '# nothing', /a command such as/],
    ['cosign', 'cosign verify --key $KEY x', /plain words at line 1/],
    ['cosign', 'cosign verify --key k x; rm -rf /', /plain words/],
    ['cosign', 'cosign verify --key k `x`', /plain words/],
    ['cosign', 'cosign verify --key k x | tee y', /plain words/],
    ['cosign', 'cosign verify --key "$(x)" y', /plain words/],
    ['cosign', '|| cosign verify --key k x', /plain words/],
    ['cosign', 'curl https://x.example', /expected cosign verify/],
    ['cosign', 'cosign sign x', /expected cosign verify/],
    ['cosign', 'cosign verify --key k', /expected an image/],
    ['cosign', 'cosign verify x --key', /a value after --key/],
    ['cosign', 'cosign verify --key a --key b x', /--key once/],
    ['cosign', 'cosign verify --nobody x', /nobody knows the option/],
    ['cosign', 'cosign verify --X y', /expected an option/],
    ['cosign', 'cosign verify --key k a || cosign verify --key k b', /same images/],
    ['notation', '{"version":"2.0","trustPolicies":[]}', /version/],
    ['notation', '{"version":"1.0","version":"1.0","trustPolicies":[]}', /DUPLICATE_KEY/],
    ['notation', '{}\n---\n{}', /one document/],
    ['pnpm', 'trustPolicy: maybe', /trustPolicy/],
    ['pnpm', 'minimumReleaseAge: 1.5', /minimumReleaseAge/],
  ] as const) {
    assert.throws(
      () => read(format, text),
      { name: 'Refusal', code: 'invalid', rule: 'watch-format', message },
      `${format}: ${text.slice(0, 80)}`,
    );
  }
  assert.throws(() => read('kyverno', 'x'.repeat(512 * 1024 + 1)), { code: 'too_large', rule: 'watch-format' });
});
