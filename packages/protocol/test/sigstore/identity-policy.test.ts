import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import type { SignerClaims } from '@signpost/protocol/sigstore/claims';
import {
  claimRuleNames,
  defaultMinimums,
  parseEvidenceMinimums,
  parseIdentityPolicy,
  parseSignerIdentity,
} from '@signpost/protocol/sigstore/identity-policy';
import { findIdentityMismatches, verifyIdentity } from '@signpost/protocol/sigstore/verify-identity';
import fc from 'fast-check';
import { releaseClaims } from './mint/claims.ts';

const claims: SignerClaims = { ...releaseClaims, subject: { kind: 'uri', value: releaseClaims.buildSignerUri } };
const { issuer } = releaseClaims;
const subject = releaseClaims.buildSignerUri;

function verify(...identities: readonly object[]): void {
  verifyIdentity(claims, parseIdentityPolicy({ identities }));
}

const everyRule = {
  issuer,
  subject,
  workflow: '.github/workflows/release.yml',
  repository: 'https://github.com/acme/app',
  repository_id: 123456,
  owner: 'https://github.com/acme',
  owner_id: '4321',
  ref: { pattern: 'refs/tags/v*' },
  commit: releaseClaims.sourceRepositoryDigest,
  build_signer: subject,
  build_signer_digest: releaseClaims.buildSignerDigest,
  trigger: ['push', 'workflow_dispatch'],
  runner: 'github-hosted',
  visibility: 'public',
  environment: 'production',
};

test('a signer of whom every rule holds is accepted', () => {
  verify(everyRule);
});

test('the identity that the signer is, is the answer', () => {
  const policy = parseIdentityPolicy({ identities: [{ issuer, subject: 'ada@acme.example' }, everyRule] });
  assert.equal(verifyIdentity(claims, policy), policy.identities[1]);
});

/** Each rule alone, with a value that is nearly right. */
const nearMisses: Readonly<Record<string, unknown>> = {
  issuer: `${issuer}/`,
  subject: subject.slice(0, -1),
  workflow: 'github/workflows/release.yml',
  repository: 'https://github.com/acme/App',
  repository_id: '0123456',
  owner: 'https://github.com/acm',
  owner_id: 4322,
  ref: { pattern: 'refs/tags/v*/**' },
  commit: releaseClaims.buildSignerDigest,
  build_signer: { pattern: 'https://github.com/acme/*/.github/workflows/build.yml@**' },
  build_signer_digest: releaseClaims.sourceRepositoryDigest,
  trigger: ['schedule', 'workflow_dispatch'],
  runner: 'self-hosted',
  visibility: 'private',
  environment: ['staging'],
};

for (const [name, value] of Object.entries(nearMisses)) {
  test(`another ${name} is a mismatch of that rule alone`, () => {
    const mismatches = findIdentityMismatches(claims, parseSignerIdentity({ ...everyRule, [name]: value }));
    assert.equal(mismatches.length, 1);
    assert.throws(() => verify({ ...everyRule, [name]: value }), { code: 'identity_mismatch' });
  });
}

test('a claim that the certificate does not make is a mismatch', () => {
  const { sourceRepositoryOwnerIdentifier: _, ...rest } = claims;
  const policy = parseIdentityPolicy({ identities: [everyRule] });
  assert.throws(() => verifyIdentity(rest, policy), {
    code: 'identity_mismatch',
    message: 'expected sourceRepositoryOwnerIdentifier "4321", got none',
  });
});

test('an owner of the right name and another number is somebody else', () => {
  const impostor = { ...claims, sourceRepositoryOwnerIdentifier: '9999' };
  const policy = parseIdentityPolicy({ identities: [everyRule] });
  assert.throws(() => verifyIdentity(impostor, policy), {
    message: 'expected sourceRepositoryOwnerIdentifier "4321", got "9999"',
  });
});

test('of several identities the message has the nearest one', () => {
  assert.throws(
    () =>
      verify({ issuer: 'https://a.example', subject: 'ada@acme.example' }, { ...everyRule, ref: 'refs/heads/main' }),
    {
      message: 'expected sourceRepositoryRef "refs/heads/main", got "refs/tags/v1.2.3"',
    },
  );
});

test('an exact subject is no pattern, nor part of a text', () => {
  for (const wrong of [subject.slice(0, 40), subject.replace('.yml', 'xyml'), `${subject.slice(0, -1)}*`, '*']) {
    assert.throws(() => verify({ issuer, subject: wrong }), { code: 'identity_mismatch' });
  }
});

test('a name of another kind that reads the same is somebody else', () => {
  const policy = parseIdentityPolicy({ identities: [{ issuer, subject: 'ada@acme.example' }] });
  verifyIdentity({ issuer, subject: { kind: 'email', value: 'ada@acme.example' } }, policy);
  for (const kind of ['uri', 'other-name'] as const) {
    assert.throws(() => verifyIdentity({ issuer, subject: { kind, value: 'ada@acme.example' } }, policy), {
      code: 'identity_mismatch',
    });
  }
});

test('a subject pattern is for one kind of name', () => {
  for (const [pattern, kind, value] of [
    ['https://github.com/acme/**', 'uri', 'https://github.com/acme/app'],
    ['spiffe://acme.example/*', 'uri', 'spiffe://acme.example/build'],
    ['*@acme.example', 'email', 'ada@acme.example'],
    ['*!acme.example', 'other-name', 'ada!acme.example'],
  ] as const) {
    const policy = parseIdentityPolicy({ identities: [{ issuer, subject: { pattern } }] });
    verifyIdentity({ issuer, subject: { kind, value } }, policy);
    const other = kind === 'uri' ? 'email' : 'uri';
    assert.throws(() => verifyIdentity({ issuer, subject: { kind: other, value } }, policy), {
      code: 'identity_mismatch',
    });
  }
});

test("GitLab's double slash before the workflow is understood", () => {
  const gitlab: SignerClaims = {
    issuer: 'https://gitlab.com',
    subject: { kind: 'uri', value: 'https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main' },
    sourceRepositoryUri: 'https://gitlab.com/acme/app',
    buildConfigUri: 'https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main',
  };
  const identity = { issuer: gitlab.issuer, repository: 'https://gitlab.com/acme/app', workflow: '.gitlab-ci.yml' };
  verifyIdentity(gitlab, parseIdentityPolicy({ identities: [identity] }));
});

test('a workflow of another repository does not count, whatever its path', () => {
  const borrowed = {
    ...claims,
    buildConfigUri: 'https://github.com/evil/app/.github/workflows/release.yml@refs/tags/v1.2.3',
  };
  const policy = parseIdentityPolicy({ identities: [everyRule] });
  assert.throws(() => verifyIdentity(borrowed, policy), { code: 'identity_mismatch', message: /^expected workflow/ });
});

test('a policy without identities names nobody', () => {
  assert.throws(() => verifyIdentity(claims, { identities: [] }), { code: 'identity_mismatch' });
});

test('minimums are as they were asked for, or the usual ones', () => {
  const identities = [everyRule];
  const { identities: _, ...usual } = parseIdentityPolicy({ identities });
  assert.deepEqual(usual, defaultMinimums);
  assert.deepEqual(parseEvidenceMinimums({ log_entries: 0, scts: 2, timestamps: 3 }), {
    logEntries: 0,
    scts: 2,
    timestamps: 3,
  });
});

const refusals: readonly (readonly [string, unknown])[] = [
  ['that is no object', 'x'],
  ['that is nothing', undefined],
  ['without identities', {}],
  ['with an empty list of identities', { identities: [] }],
  ['with a member that is not known', { identities: [everyRule], sct: 1 }],
  ['with a rule that is not known', { identities: [{ ...everyRule, repo: 'x' }] }],
  ['without an issuer', { identities: [{ subject }] }],
  ['with an issuer that is no URI', { identities: [{ issuer: 'github', subject }] }],
  ['with a pattern for the issuer', { identities: [{ issuer: { pattern: 'https://**' }, subject }] }],
  ['whose identity names nobody', { identities: [{ issuer, ref: 'refs/heads/main', runner: 'github-hosted' }] }],
  ['with a pattern for a repository', { identities: [{ issuer, repository: { pattern: 'https://**' } }] }],
  ['with a pattern for an id', { identities: [{ issuer, repository_id: { pattern: '1*' } }] }],
  ['with an id that is no whole number', { identities: [{ issuer, repository_id: 1.5 }] }],
  ['with a negative id', { identities: [{ issuer, repository_id: -1 }] }],
  ['with an empty set', { identities: [{ issuer, subject, trigger: [] }] }],
  ['with a set in a set', { identities: [{ issuer, subject, trigger: [['push']] }] }],
  ['with an empty text', { identities: [{ issuer, subject: '' }] }],
  ['with space around a text', { identities: [{ issuer, subject: `${subject} ` }] }],
  [
    'with a pattern and something beside it',
    { identities: [{ issuer, subject: { pattern: 'https://a.example/*', exact: 'x' } }] },
  ],
  ['with a pattern for all hosts', { identities: [{ issuer, subject: { pattern: 'https://**' } }] }],
  [
    'with a pattern for a part of the host',
    { identities: [{ issuer, subject: { pattern: 'https://*.github.com/x/**' } }] },
  ],
  [
    'with a pattern for a host and its user',
    { identities: [{ issuer, subject: { pattern: 'https://a@*.github.com/x/**' } }] },
  ],
  ['with a pattern for every scheme', { identities: [{ issuer, subject: { pattern: '**/acme/app' } }] }],
  ['with a pattern for all mailboxes', { identities: [{ issuer, subject: { pattern: '*@*' } }] }],
  ['with a pattern for all', { identities: [{ issuer, subject: { pattern: '**' } }] }],
  ['with a workflow outside the repository', { identities: [{ ...everyRule, workflow: '../release.yml' }] }],
  ['with an absolute workflow', { identities: [{ ...everyRule, workflow: '/release.yml' }] }],
  ['with a ref in the workflow', { identities: [{ ...everyRule, workflow: 'release.yml@refs/heads/main' }] }],
  ['with a negative minimum', { identities: [everyRule], scts: -1 }],
  ['with half a log entry', { identities: [everyRule], log_entries: 0.5 }],
  ['with a minimum as text', { identities: [everyRule], timestamps: '1' }],
  ['with a minimum that nobody reaches', { identities: [everyRule], timestamps: 17 }],
];

for (const [description, value] of refusals) {
  test(`a policy ${description} is refused`, () => {
    assert.throws(() => parseIdentityPolicy(value), { name: 'TrustError', code: 'malformed' });
  });
}

test('a policy with too many identities or alternatives is refused', () => {
  const tooMany = Array.from({ length: 65 }, () => everyRule);
  assert.throws(() => parseIdentityPolicy({ identities: tooMany }), { code: 'too_large' });
  const trigger = Array.from({ length: 65 }, (_, index) => `t${index}`);
  assert.throws(() => parseIdentityPolicy({ identities: [{ ...everyRule, trigger }] }), { code: 'too_large' });
});

test('whatever a policy is, it is parsed or refused', () => {
  const names = ['identities', 'issuer', 'subject', 'pattern', 'workflow', 'scts', ...claimRuleNames];
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(issuer, subject, 1, 0, -1, 0.5, null, true, undefined, '', '**'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (policy) => {
      try {
        parseIdentityPolicy(policy);
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
  );
});
