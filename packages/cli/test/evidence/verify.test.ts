/** `signpost verify --bundle` and `signpost inspect`: what they say, and with which exit code. */
import assert from 'node:assert/strict';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { createSignerParty } from '../../../protocol/test/sigstore/instance.ts';
import { artifact, describeStatement, mint, sha256Hex } from '../../../protocol/test/sigstore/minted.ts';
import { type Run, run, runJson } from '../support/run.ts';
import { createEvidence, identityPolicy, identityWords, writeJson } from './minted.ts';

const { cwd } = await createEvidence({ after });
const usual = ['verify', 'tool', '--bundle', 'tool.bundle', '--trusted-root', 'root.json'];

function signpost(...words: readonly string[]): Promise<Run> {
  return run(words, { cwd });
}

async function codeOf(...words: readonly string[]): Promise<readonly [number | null, string]> {
  const { code, stdout } = await signpost(...words, '--json');
  return [code, JSON.parse(stdout).error.code];
}

test('a verified artifact is told in words: who, by whose word, when, where it is on record, what was signed', async () => {
  const { code, stdout } = await signpost(...usual, ...identityWords);
  assert.equal(code, 0);
  assert.match(stdout, /^tool is verified, under the trusted root root\.json\.\n/);
  assert.match(stdout, /signed by +https:\/\/forge\.example\/team\/tool\/\.ci\/release\.yml@refs\/tags\/v1 \(URI\)/);
  assert.match(stdout, /vouched by +https:\/\/token\.forge\.example\n/);
  assert.match(stdout, /signed at +\d{4}-.*, by the timestamp of https:\/\/authority\.example\n/);
  assert.match(stdout, /on record +https:\/\/log2026\.example, entry 2, inclusion proven\n/);
  assert.match(stdout, /certificate in +https:\/\/ct\.example\/2026\n/);
  assert.match(stdout, new RegExp(`signed +the artifact itself, SHA-256 ${sha256Hex(artifact)}\n`));
});

test('the same as JSON', async () => {
  const document = await runJson([...usual, ...identityWords], { cwd });
  assert.equal(document.verified, true);
  const [bundle] = document.bundles as { signer: Record<string, unknown>; content: unknown; times: unknown[] }[];
  assert.equal(bundle?.signer.issuer, 'https://token.forge.example');
  assert.deepEqual(bundle?.content, { kind: 'message', hash: 'SHA-256', digest: sha256Hex(artifact) });
  assert.equal(bundle?.times.length, 1);
});

test('a digest stands for a file that is elsewhere', async () => {
  const words = ['verify', `sha256:${sha256Hex(artifact)}`, ...usual.slice(2), ...identityWords];
  assert.equal((await signpost(...words)).code, 0);
  const other = ['verify', `sha256:${'0'.repeat(64)}`, ...usual.slice(2), ...identityWords];
  assert.deepEqual(await codeOf(...other), [1, 'digest_mismatch']);
  assert.equal((await signpost('verify', 'sha256:abc', ...usual.slice(2), ...identityWords)).code, 2);
});

test('a refusal names its code, what was expected and what came', async () => {
  const other = 'https://forge.example/team/tool/.ci/release.yml@refs/heads/main';
  const issuerWords = identityWords.slice(2);
  const { code, stderr } = await signpost(...usual, '--certificate-identity', other, ...issuerWords);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /error: identity_mismatch: expected subject the URI .*refs\/heads\/main", got .*refs\/tags\/v1"\n/,
  );
  assert.match(stderr, /hint: `signpost inspect BUNDLE`/);
});

test('a policy names signers, a key signs without a certificate', async () => {
  assert.equal((await signpost(...usual, '--policy', 'signers.yaml')).code, 0);
  await writeFile(join(cwd, 'strict.yaml'), `${identityPolicy}timestamps: 2\n`);
  assert.deepEqual(await codeOf(...usual, '--policy', 'strict.yaml'), [1, 'signed_time_missing']);
  const signer = await createSignerParty();
  await writeFile(join(cwd, 'key.pub'), encodePem('PUBLIC KEY', signer.certificate.spki));
  await writeJson(join(cwd, 'keyed.bundle'), await mint({ signer, isManaged: true }));
  const keyed = ['verify', 'tool', '--bundle', 'keyed.bundle', '--trusted-root', 'root.json', '--key', 'key.pub'];
  const { code, stdout } = await signpost(...keyed);
  assert.equal(code, 0);
  assert.match(stdout, /signed by +the key with SHA-256 [0-9a-f]{64}\n/);
  assert.deepEqual(await codeOf(...usual, '--key', 'key.pub'), [1, 'identity_mismatch']);
});

test('a policy that is none is refused', async () => {
  const texts = { 'alias.yaml': 'identities: &a []\nscts: *a\n', 'twice.yaml': 'scts: 1\nscts: 1\n', 'empty.yaml': '' };
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(cwd, name), text);
    assert.deepEqual(await codeOf(...usual, '--policy', name), [1, 'malformed'], name);
  }
});

test('of several bundles one must hold, and the others are counted', async () => {
  const payload = describeStatement([{ name: 'other', digest: { sha256: '0'.repeat(64) } }]);
  const lines = [await mint({ payload }), await mint({ payload: describeStatement() })];
  await writeFile(join(cwd, 'both.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const words = ['verify', 'tool', '--bundle', 'both.jsonl', ...usual.slice(4), ...identityWords];
  const document = await runJson(words, { cwd });
  assert.equal((document.bundles as unknown[]).length, 1);
  assert.equal((document.refused as { code: string }[])[0]?.code, 'subject_mismatch');
  await appendFile(join(cwd, 'tool'), 'more');
  assert.deepEqual(await codeOf(...words), [1, 'subject_mismatch']);
  await writeFile(join(cwd, 'tool'), artifact);
});

test('a wrong command line ends with 2 and asks nobody', async () => {
  const base = ['verify', 'tool', '--bundle', 'tool.bundle'];
  for (const words of [
    ['verify', 'tool'],
    [...usual, '--project', 'app'],
    usual,
    [...usual, ...identityWords.slice(0, 2)],
    [...usual, ...identityWords, '--key', 'key.pub'],
    [...base, ...identityWords],
  ]) {
    assert.equal((await signpost(...words)).code, 2, words.join(' '));
  }
  const expression = await signpost(...usual, '--certificate-identity-regexp', '.*', ...identityWords.slice(2));
  assert.equal(expression.code, 2);
  assert.match(expression.stderr, /hint: .*pattern.*--policy/);
});

test('a server is asked for its trusted root when there is no file, and only then', async () => {
  const server = ['--server', 'http://127.0.0.1:1'];
  assert.equal((await signpost(...usual, ...identityWords, ...server)).code, 0);
  const env = { SIGNPOST_API_KEY: 'sp_x' };
  const asked = await run(['verify', 'tool', '--bundle', 'tool.bundle', ...identityWords, ...server], { cwd, env });
  assert.equal(asked.code, 3);
});

test('what cannot be read is named', async () => {
  for (const words of [
    ['verify', 'gone', ...usual.slice(2), ...identityWords],
    ['verify', '.', ...usual.slice(2), ...identityWords],
    ['verify', 'tool', '--bundle', 'gone', ...usual.slice(4), ...identityWords],
  ]) {
    const { code, stderr } = await signpost(...words);
    assert.equal(code, 1);
    assert.match(stderr, /gone|\. is not a file/);
  }
});

test('inspect says first that nothing is verified, then what the bundle says', async () => {
  const { code, stdout } = await signpost('inspect', 'tool.bundle');
  assert.equal(code, 0);
  assert.match(stdout, /^Nothing here is verified: /);
  for (const line of [
    /format +Sigstore bundle, version 0\.3\n/,
    /signed by +https:\/\/forge\.example/,
    /certificate +by .*, serial number [0-9a-f]+\n/,
    /on record +entry 2 \(hashedrekord\/0\.0\.2\) of the log [0-9a-f]{64}\n/,
    / {2}checkpoint +log2026\.example, 5 entries, signed by log2026\.example\n/,
    /timestamp +\d{4}-.*, by an authority whose certificate is elsewhere\n/,
    /signed +an artifact of SHA-256 [0-9a-f]{64}\n/,
  ]) {
    assert.match(stdout, line);
  }
});

test('inspect reads several bundles, statements and what cannot be read inside of them', async () => {
  const provenance = {
    ...JSON.parse(describeStatement()),
    predicate: {
      buildDefinition: { buildType: 'https://test/build' },
      runDetails: { builder: { id: 'https://test/builder' } },
    },
  };
  const good = await mint({ payload: JSON.stringify(provenance), version: '0.2' });
  const odd = await mint({ payload: '{}', isManaged: true });
  await writeFile(join(cwd, 'several.jsonl'), `${JSON.stringify(good)}\n${JSON.stringify(odd)}\n`);
  const { stdout } = await signpost('inspect', 'several.jsonl');
  assert.match(stdout, /Bundle 1 of 2\n[\s\S]*built by +https:\/\/test\/builder\n[\s\S]*Bundle 2 of 2\n/);
  assert.match(stdout, /a key that the bundle does not hold, hint a key\n[\s\S]*statement +cannot be read: /);
  const document = await runJson(['inspect', 'several.jsonl'], { cwd });
  assert.equal(document.verified, false);
  assert.equal((document.bundles as unknown[]).length, 2);
});

test('inspect refuses what is no bundle, and one above 16 MiB unread', async () => {
  await writeFile(join(cwd, 'no.bundle'), '{"mediaType":"x"}');
  assert.deepEqual(await codeOf('inspect', 'no.bundle'), [1, 'malformed']);
  await writeFile(join(cwd, 'huge.bundle'), new Uint8Array(16 * 1024 * 1024 + 1));
  assert.deepEqual(await codeOf('inspect', 'huge.bundle'), [1, 'too_large']);
  await rm(join(cwd, 'huge.bundle'));
});

test('text of a stranger cannot move the cursor', async () => {
  const bundle = JSON.parse(await readFile(join(cwd, 'tool.bundle'), 'utf8'));
  bundle.verificationMaterial = { ...bundle.verificationMaterial, certificate: null, publicKey: { hint: '\u001b[2J' } };
  await writeJson(join(cwd, 'escape.bundle'), bundle);
  const { code, stdout } = await signpost('inspect', 'escape.bundle');
  assert.equal(code, 0);
  assert.equal(stdout.includes('\u001b'), false);
});
