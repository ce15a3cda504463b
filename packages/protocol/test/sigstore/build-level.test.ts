import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import type { Provenance } from '@signpost/protocol/intoto/provenance';
import { deriveBuildLevel } from '@signpost/protocol/sigstore/build-level';
import { parseBuilderTable } from '@signpost/protocol/sigstore/builder-table';
import type { SignerClaims } from '@signpost/protocol/sigstore/claims';
import fc from 'fast-check';
import {
  fakeDigest,
  generatorStatement,
  githubStatement,
  gitlabStatement,
  npmGitLabStatement,
  parse,
} from '../intoto/documents.ts';
import { releaseClaims } from './mint/claims.ts';

const table = JSON.parse(await readFile(new URL('../../data/builders.json', import.meta.url), 'utf8')) as {
  readonly builders: readonly Readonly<Record<string, unknown>>[];
};
const builders = parseBuilderTable(table);
const github: SignerClaims = { ...releaseClaims, subject: { kind: 'uri', value: releaseClaims.buildSignerUri } };
const attested = parseProvenance(parse(githubStatement));

function derive(provenance: Provenance, signer: SignerClaims | undefined): string {
  const { level, reason } = deriveBuildLevel(provenance, { signer, builders });
  return `${level}: ${reason}`;
}

test('an attestation on a GitHub-hosted runner is good for level 2', () => {
  assert.equal(derive(attested, github), '2: GitHub artifact attestation');
});

test('an attestation by a reusable workflow of another repository is good for level 3', () => {
  const buildSignerUri = 'https://github.com/acme/workflows/.github/workflows/build.yml@refs/tags/v1';
  const reusable = { ...github, buildSignerUri, subject: { kind: 'uri' as const, value: buildSignerUri } };
  const provenance = { ...attested, builderId: buildSignerUri };
  assert.equal(
    derive(provenance, reusable),
    '3: GitHub artifact attestation by a reusable workflow of another repository',
  );
  assert.equal(derive(attested, reusable), '1: the table knows no such builder');
});

test('a reusable workflow of the same repository isolates nothing', () => {
  const buildSignerUri = 'https://github.com/acme/app/.github/workflows/build.yml@refs/tags/v1.2.3';
  assert.equal(
    derive({ ...attested, builderId: buildSignerUri }, { ...github, buildSignerUri }),
    '2: GitHub artifact attestation',
  );
});

test('provenance by the SLSA generator is good for level 3, by its released workflows alone', () => {
  const provenance = parseProvenance(parse(generatorStatement));
  const signer = (buildSignerUri: string) => ({ ...github, buildSignerUri });
  assert.equal(derive(provenance, signer(provenance.builderId)), '3: SLSA GitHub generator');
  const branch = provenance.builderId.replace('refs/tags/v2.1.0', 'refs/heads/main');
  assert.equal(derive({ ...provenance, builderId: branch }, signer(branch)), '1: the table knows no such builder');
  const fork = provenance.builderId.replace('slsa-framework/', 'mallory/');
  assert.equal(derive({ ...provenance, builderId: fork }, signer(fork)), '1: the table knows no such builder');
  // The statement may name the builder, but another workflow signed it.
  assert.equal(derive(provenance, github), '1: the table knows no such builder');
});

test('provenance by npm on a GitHub-hosted runner is good for level 2', () => {
  const npm = { ...attested, builderId: 'https://github.com/actions/runner/github-hosted' };
  assert.equal(derive(npm, github), '2: GitHub-hosted runner');
});

test("a runner of one's own is good for level 1", () => {
  const own = { ...github, runnerEnvironment: 'self-hosted' };
  assert.equal(derive(attested, own), "1: GitHub Actions on a runner of one's own");
});

test('GitLab is good for level 2 on its own runners', () => {
  const gitlab: SignerClaims = {
    issuer: 'https://gitlab.com',
    subject: { kind: 'uri', value: 'https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main' },
    sourceRepositoryUri: 'https://gitlab.com/acme/app',
    sourceRepositoryDigest: fakeDigest(20, '2'),
    runnerEnvironment: 'gitlab-hosted',
  };
  for (const statement of [gitlabStatement, npmGitLabStatement]) {
    const provenance = parseProvenance(parse(statement));
    assert.equal(derive(provenance, gitlab), '2: GitLab-hosted runner');
    assert.equal(
      derive(provenance, { ...gitlab, runnerEnvironment: 'self-hosted' }),
      "1: GitLab CI on a runner of one's own",
    );
  }
});

test('a key, and a builder that nobody knows, are good for level 1', () => {
  assert.equal(derive(attested, undefined), '1: signed by a key, not by a builder that the table knows');
  assert.equal(derive(attested, { ...github, issuer: 'https://ci.example' }), '1: the table knows no such builder');
});

test('provenance that contradicts the certificate is good for nothing', () => {
  for (const claim of ['sourceRepositoryUri', 'sourceRepositoryRef', 'sourceRepositoryDigest'] as const) {
    assert.match(derive(attested, { ...github, [claim]: 'https://github.com/evil/app' }), /^0: the provenance has /);
  }
});

test('the table is small enough to be read by people, and each entry says why', () => {
  assert.ok(builders.every(({ reference }) => reference.startsWith('https://')));
  assert.equal(new Set(builders.map(({ name }) => name)).size, builders.length);
});

for (const [description, change] of [
  ['with a rule that is not known', { runners: ['x'] }],
  ['without a name', { name: undefined }],
  ['without a reference', { reference: undefined }],
  ['without an issuer', { issuer: undefined }],
  ['of level 0', { level: 0 }],
  ['of level 4', { level: 4 }],
  ['with an empty list', { runner: [] }],
  ['with a text for a list', { runner: 'github-hosted' }],
  ['with a word for a yes', { builder_is_signer: 'yes' }],
  ['with a broken pattern', { builder_id: [{ pattern: 'https://***' }] }],
] as const) {
  test(`a builder ${description} is refused`, () => {
    const changed = { ...table.builders[0], ...change };
    assert.throws(() => parseBuilderTable({ builders: [changed] }), { code: 'malformed' });
  });
}

test('a table without builders, or with something beside them, is refused', () => {
  assert.throws(() => parseBuilderTable({ builders: [] }), { code: 'malformed' });
  assert.throws(() => parseBuilderTable({ ...table, version: 1 }), { code: 'malformed' });
});

test('whatever a table is, it is parsed or refused', () => {
  const names = Object.keys(table.builders[0] ?? {});
  const value = fc.oneof(
    fc.constantFrom<unknown>('x', '', 1, 3, true, null, undefined),
    fc.array(fc.oneof(fc.constantFrom<unknown>('x', '', 1), fc.record({ pattern: fc.constantFrom('a*', '***', '') }))),
  );
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.constantFrom(...names, 'other'), value)), (changes) => {
      try {
        parseBuilderTable({ builders: changes.map((change) => ({ ...table.builders[0], ...change })) });
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
  );
});
