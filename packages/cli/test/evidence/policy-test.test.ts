/** `signpost policy test` on files, and policies of releases in `signpost verify`. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { artifact, describeStatement, mint, sha256Hex } from '../../../protocol/test/sigstore/minted.ts';
import { type Run, run } from '../support/run.ts';
import { createEvidence, identityPolicy, writeJson } from './minted.ts';

const { cwd } = await createEvidence({ after });
const signed = `policy: 1\nsignature:\n${identityPolicy.replaceAll(/^/gm, '  ').trimEnd()}\n  trust_roots: [tests]\n`;
await writeFile(join(cwd, 'policy.yaml'), signed);
const root = ['--trusted-root', 'tests=root.json'];
const files = ['tool', '--bundle', 'tool.bundle', ...root];

function signpost(...words: readonly string[]): Promise<Run> {
  return run(words, { cwd });
}

interface Verdict {
  readonly result: string;
  readonly findings: readonly { readonly rule: string; readonly outcome: string; readonly found: string }[];
}

async function judge(text: string, ...words: readonly string[]): Promise<Verdict & { readonly code: number | null }> {
  await writeFile(join(cwd, 'tried.yaml'), text);
  const { code, stdout } = await signpost('policy', 'test', 'tried.yaml', ...words, '--json');
  return { code, ...JSON.parse(stdout) };
}

test('a policy that is met ends with 0, one that is not with 1, each with its findings', async () => {
  const met = await signpost('policy', 'test', 'policy.yaml', ...files);
  assert.equal(met.code, 0, met.stdout);
  assert.match(met.stdout, /^ok +signature of tool: .*\nThe policy lets the release through\.\n$/);
  const other = await signpost('policy', 'test', 'policy.yaml', `sha256:${'0'.repeat(64)}`, ...files.slice(1));
  assert.equal(other.code, 1);
  assert.match(
    other.stdout,
    /^NO +signature of sha256:0+: .*\n +expected .*\n[\s\S]*The policy denies the release\.\n$/,
  );
});

test('a digest stands for the file; a policy that only observes is denied all the same', async () => {
  const digest = `sha256:${sha256Hex(artifact)}`;
  assert.equal((await judge(signed, digest, ...files.slice(1))).code, 0);
  const observing = await judge(`mode: observe\n${signed}`, 'tool', ...root);
  assert.deepEqual([observing.code, observing.result], [1, 'denied']);
});

test('without the trusted root that the policy names nobody can say whether it is met', async () => {
  const { code, findings } = await judge(signed, 'tool', '--bundle', 'tool.bundle');
  assert.deepEqual([code, findings[0]?.outcome], [1, 'unknown']);
  assert.equal((await judge(signed, 'tool', '--bundle', 'tool.bundle', '--trusted-root', 'other=root.json')).code, 1);
});

test('provenance is judged by its statement', async () => {
  const predicate = {
    buildDefinition: { buildType: 'https://test/build' },
    runDetails: { builder: { id: 'https://test/builder' } },
  };
  const payload = JSON.stringify({ ...JSON.parse(describeStatement()), predicate });
  await writeJson(join(cwd, 'provenance.bundle'), await mint({ payload }));
  const rule = `${signed}provenance:\n  builders: [https://test/builder]\n`;
  const both = [...files, '--bundle', 'provenance.bundle'];
  assert.equal((await judge(rule, ...both)).code, 0);
  const { findings } = await judge(`${rule}  minimum_level: 2\n`, ...both);
  assert.equal(findings.find(({ outcome }) => outcome !== 'met')?.rule, 'build-level');
});

test('an SBOM of another file does not count; one of this file does, and the data of a server is not there', async () => {
  const sbom = (sha256: string) => ({
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 },
    metadata: {
      component: { 'bom-ref': 'tool', type: 'file', name: 'tool', hashes: [{ alg: 'SHA-256', content: sha256 }] },
    },
    components: [],
  });
  await writeJson(join(cwd, 'good.cdx.json'), sbom(sha256Hex(artifact)));
  await writeJson(join(cwd, 'other.cdx.json'), sbom('0'.repeat(64)));
  const rule = 'policy: 1\nsbom: {}\n';
  const good = await judge(rule, 'tool', '--sbom', 'good.cdx.json');
  assert.equal(good.code, 0, JSON.stringify(good));
  const other = await judge(rule, 'tool', '--sbom', 'other.cdx.json', '--sbom', 'root.json');
  assert.equal(other.code, 1);
  assert.match(
    other.findings[0]?.found ?? '',
    /other\.cdx\.json: digest_mismatch: .*; root\.json: format_unsupported: /,
  );
  const rated = await judge(
    `${rule}  vulnerabilities: { deny_at: high }\n`.replace('{}\n', '\n'),
    'tool',
    '--sbom',
    'good.cdx.json',
  );
  assert.equal(rated.findings.find(({ rule: name }) => name === 'vulnerability-data')?.outcome, 'unknown');
});

test('a wrong command line ends with 2, a file that is no policy of releases with 1', async () => {
  for (const words of [
    ['policy.yaml'],
    ['policy.yaml', ...root],
    ['policy.yaml', 'tool', '--project', 'app', '--release', '1'],
    ['policy.yaml', 'tool', '--trusted-root', 'root.json'],
    ['policy.yaml', `sha512:${'0'.repeat(128)}`],
    ['policy.yaml', '--project', 'app'],
  ]) {
    assert.equal((await signpost('policy', 'test', ...words)).code, 2, words.join(' '));
  }
  const { code, stderr } = await signpost('policy', 'test', 'signers.yaml', ...files);
  assert.equal(code, 1);
  assert.match(stderr, /begins with `policy: 1`/);
});

test('verify takes a policy of releases, and everything in it must be met', async () => {
  const words = ['verify', 'tool', '--bundle', 'tool.bundle', '--trusted-root', 'root.json', '--policy', 'tried.yaml'];
  await writeFile(join(cwd, 'tried.yaml'), signed);
  const good = await signpost(...words, '--trust-root', 'tests');
  assert.equal(good.code, 0, good.stderr);
  assert.match(
    good.stdout,
    /is verified, under the trusted root tests\.\n\nsigned by +https:[\s\S]*\nok +signature of tool/,
  );
  const unnamed = await signpost(...words, '--json');
  assert.equal(unnamed.code, 1);
  assert.equal(JSON.parse(unnamed.stdout).error.code, 'policy_denied');
  await writeFile(join(cwd, 'tried.yaml'), `mode: observe\n${signed}scan: {}\n`);
  const scanned = await signpost(...words, '--trust-root', 'tests');
  assert.equal(scanned.code, 1);
  assert.match(scanned.stderr, /error: policy_denied: scan: expected /);
});
