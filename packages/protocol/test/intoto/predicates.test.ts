import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { isProvenance, parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import { encodeNpmPurl, parseRelease } from '@signpost/protocol/intoto/release';
import { parseVerificationSummary } from '@signpost/protocol/intoto/verification-summary';
import type { JsonObject } from '@signpost/protocol/json/foreign';
import fc from 'fast-check';
import {
  fakeDigest,
  generatorStatement,
  githubStatement,
  gitlabStatement,
  npmGitLabStatement,
  parse,
} from './documents.ts';

const source = { repository: 'https://github.com/acme/app', ref: 'refs/tags/v1.2.3', commit: fakeDigest(20, '2') };

test('provenance by GitHub is read', () => {
  const provenance = parseProvenance(parse(githubStatement));
  assert.equal(provenance.version, 'v1');
  assert.equal(provenance.builderId, 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3');
  assert.equal(provenance.buildType, 'https://actions.github.io/buildtypes/workflow/v1');
  assert.deepEqual(provenance.source, source);
  assert.deepEqual(Object.keys(provenance.externalParameters), ['workflow']);
  assert.equal(provenance.invocationId, 'https://github.com/acme/app/actions/runs/1/attempts/1');
});

test('provenance v0.2 by the SLSA generator is read, with numbers and keys of any kind', () => {
  const provenance = parseProvenance(parse(generatorStatement));
  assert.equal(provenance.version, 'v02');
  assert.deepEqual(provenance.source, source);
  assert.deepEqual(provenance.externalParameters, { level: 1.5 });
  assert.equal(provenance.startedOn, Date.UTC(2026, 10, 21, 9));
  assert.equal(provenance.finishedOn, undefined);
  assert.equal(provenance.dependencies.length, 1);
});

test('provenance by GitLab and by npm on GitLab is read', () => {
  const gitlab = { repository: 'https://gitlab.com/acme/app', ref: undefined, commit: fakeDigest(20, '2') };
  assert.deepEqual(parseProvenance(parse(npmGitLabStatement)).source, gitlab);
  assert.deepEqual(parseProvenance(parse(gitlabStatement)).source, gitlab);
});

/** The statement by GitHub with another build definition. */
function define(changes: object): ReturnType<typeof parseProvenance> {
  const { predicate } = githubStatement;
  const buildDefinition = { ...predicate.buildDefinition, ...changes };
  return parseProvenance(parse({ ...githubStatement, predicate: { ...predicate, buildDefinition } }));
}

test('a commit counts with the dependency of the very address alone', () => {
  const digest = { gitCommit: fakeDigest(20, '9') };
  for (const uri of [
    'git+https://github.com/acme/app2@refs/tags/v1.2.3',
    'git+https://github.com/acme/app@refs/heads/main',
    'git+https://acme@github.com/acme/app@refs/tags/v1.2.3',
  ]) {
    assert.equal(define({ resolvedDependencies: [{ uri, digest }] }).source?.commit, undefined);
  }
});

test('a source may be a resource with its digest', () => {
  const digest = { sha1: fakeDigest(20, '2') };
  const externalParameters = { source: { uri: 'git+https://github.com/acme/app@refs/tags/v1.2.3', digest } };
  assert.deepEqual(define({ externalParameters }).source, source);
});

test('provenance without a source that is understood has none', () => {
  assert.equal(define({ externalParameters: { image: 'x' }, resolvedDependencies: undefined }).source, undefined);
  assert.equal(define({ externalParameters: { workflow: {} } }).source, undefined);
  assert.equal(define({ externalParameters: { source: { digest: { sha1: fakeDigest(20) } } } }).source, undefined);
});

for (const [description, changes] of [
  ['without a build type', { buildType: undefined }],
  ['with a list of parameters', { externalParameters: [] }],
  ['with a dependency that is no object', { resolvedDependencies: ['x'] }],
  ['with a dependency of a broken digest', { resolvedDependencies: [{ uri: 'x', digest: { gitCommit: 'x' } }] }],
  ['with a number as repository', { externalParameters: { workflow: { repository: 1 } } }],
] as const) {
  test(`provenance ${description} is refused`, () => {
    assert.throws(() => define(changes), { code: 'malformed' });
  });
}

test('provenance without a builder, or at an impossible time, is refused', () => {
  const { predicate } = githubStatement;
  const withDetails = (runDetails: unknown) =>
    parseProvenance(parse({ ...githubStatement, predicate: { ...predicate, runDetails } }));
  assert.throws(() => withDetails(undefined), { code: 'malformed' });
  assert.throws(() => withDetails({ builder: {} }), { code: 'malformed' });
  for (const startedOn of ['yesterday', '2026-02-30T00:00:00Z', '2026-02-28', '2026-02-28T00:00:00']) {
    assert.throws(() => withDetails({ builder: { id: 'x' }, metadata: { startedOn } }), { code: 'malformed' });
  }
});

test('other predicates are no provenance', () => {
  const other = parse({ ...githubStatement, predicateType: 'https://slsa.dev/provenance/v0.1' });
  assert.ok(!isProvenance(other));
  assert.throws(() => parseProvenance(other), { code: 'malformed' });
});

const summary = {
  ...githubStatement,
  predicateType: 'https://slsa.dev/verification_summary/v1',
  predicate: {
    verifier: { id: 'https://verifier.example', version: { signpost: '0.1.0' } },
    timeVerified: '2026-11-21T10:00:00Z',
    resourceUri: 'pkg:npm/app@1.2.3',
    policy: { uri: 'https://verifier.example/policy', digest: { sha256: fakeDigest(32) } },
    inputAttestations: [{ uri: 'x', digest: { sha256: fakeDigest(32) } }],
    verificationResult: 'PASSED',
    verifiedLevels: ['SLSA_BUILD_LEVEL_2'],
    dependencyLevels: { SLSA_BUILD_LEVEL_1: 5 },
    slsaVersion: '1.1',
  },
};

test('a verification summary is read', () => {
  const read = parseVerificationSummary(parse(summary));
  assert.equal(read.result, 'PASSED');
  assert.deepEqual(read.verifiedLevels, ['SLSA_BUILD_LEVEL_2']);
  assert.deepEqual(read.verifierVersions, { signpost: '0.1.0' });
  assert.equal(read.policy.uri, 'https://verifier.example/policy');
});

for (const [description, changes] of [
  ['without a verifier', { verifier: undefined }],
  ['without a resource', { resourceUri: undefined }],
  ['without a policy', { policy: undefined }],
  ['with a result between the two', { verificationResult: 'passed' }],
  ['with a level that is no name', { verifiedLevels: ['SLSA BUILD'] }],
  ['with a level that is no text', { verifiedLevels: [2] }],
] as const) {
  test(`a verification summary ${description} is refused`, () => {
    const statement = { ...summary, predicate: { ...summary.predicate, ...changes } };
    assert.throws(() => parseVerificationSummary(parse(statement)), { code: 'malformed' });
  });
}

test('provenance is no verification summary, and no release', () => {
  assert.throws(() => parseVerificationSummary(parse(githubStatement)), { code: 'malformed' });
  assert.throws(() => parseRelease(parse(githubStatement)), { code: 'malformed' });
});

test('release statements of each writer are read', () => {
  const purl = 'pkg:npm/%40acme/app@1.2.3';
  const release = (predicateType: string, predicate: object, name = 'app-1.2.3.tgz') =>
    parseRelease(
      parse({ ...githubStatement, subject: [{ name, digest: { sha512: fakeDigest(64) } }], predicateType, predicate }),
    );
  const v01 = 'https://in-toto.io/attestation/release/v0.1';
  assert.deepEqual(release(v01, { purl, releaseId: '7' }), { purl, packageId: '7' });
  assert.deepEqual(release('https://in-toto.io/attestation/release/v0.2', { purl, packageId: '7' }), {
    purl,
    packageId: '7',
  });
  const npm = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';
  assert.equal(encodeNpmPurl('@acme/app', '1.2.3'), purl);
  assert.deepEqual(release(npm, { name: '@acme/app', version: '1.2.3' }, purl), { purl, packageId: undefined });
  assert.throws(() => release(npm, { name: '@acme/app', version: '1.2.4' }, purl), { code: 'malformed' });
  for (const bad of ['pkg:npm/app', 'app@1.2.3', 'pkg:npm/app@', undefined]) {
    assert.throws(() => release(v01, { purl: bad }), { code: 'malformed' });
  }
});

test('whatever JSON a predicate is, it is read or refused', () => {
  const names = [
    'buildDefinition',
    'runDetails',
    'builder',
    'id',
    'buildType',
    'externalParameters',
    'workflow',
    'source',
    'uri',
  ];
  const member = fc.constantFrom(
    ...names,
    'resolvedDependencies',
    'digest',
    'metadata',
    'startedOn',
    'invocation',
    'configSource',
    'purl',
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>('https://a.example/b@c', 'x', 1, null, true, ''),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(member, tie('value'), { maxKeys: 5 }),
    ),
  })).value;
  const readers = [parseProvenance, parseVerificationSummary, parseRelease];
  const types = [githubStatement, generatorStatement, summary].map(({ predicateType }) => predicateType);
  fc.assert(
    fc.property(value, fc.constantFrom(...readers), fc.constantFrom(...types), (predicate, read, predicateType) => {
      fc.pre(typeof predicate === 'object' && predicate !== null && !Array.isArray(predicate));
      try {
        read({ subjects: [], predicateType, predicate: predicate as JsonObject });
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
  );
});
