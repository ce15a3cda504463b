/** `signpost verify` before the public suite of bundles: every folder as a file and as a digest, by the words that cosign has. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, runProcess } from '../../../packages/cli/test/support/run.ts';
import { findMissingData, findSuite } from '../suites.ts';
import { readSigstoreCases, type SigstoreCase } from './cases.ts';
import { reasons } from './reasons.ts';

const suite = findSuite('sigstore');
const skip = findMissingData(suite, 'sigstore-conformance');
const cases = existsSync(suite) ? readSigstoreCases(suite) : [];

/** The command line for a folder. A server that nobody may ask is named, too. */
function wordsFor({ name, artifact, identity, issuer, key }: SigstoreCase, form: 'file' | 'digest'): string[] {
  const find = (file: string, otherwise: string) => {
    const own = join(suite, 'bundle-verify', name, file);
    return existsSync(own) ? own : join(suite, otherwise);
  };
  const signer =
    key === undefined
      ? ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer]
      : ['--key', find('key.pub', '')];
  const digest = `sha256:${createHash('sha256').update(artifact).digest('hex')}`;
  return [
    ...['verify', form === 'file' ? find('artifact', 'a.txt') : digest],
    ...['--bundle', find('bundle.sigstore.json', ''), ...signer],
    ...['--trusted-root', find('trusted_root.json', 'trusted_root.public-good.json')],
    ...['--server', 'http://127.0.0.1:1', '--json'],
  ];
}

for (const form of ['file', 'digest'] as const) {
  test(`the command judges every folder as the suite wants, given a ${form}`, { skip }, async (context) => {
    assert.equal(cases.length, 70);
    for (const given of cases) {
      const { code, stdout } = await run(wordsFor(given, form));
      const reason = reasons[given.name];
      assert.equal(code, reason === undefined ? 0 : 1, `${given.name}: ${stdout}`);
      const document = JSON.parse(stdout);
      assert.equal(reason === undefined ? document.verified : document.error.code, reason ?? true, given.name);
    }
    context.diagnostic(`${cases.length} of 70 folders as expected`);
  });
}

test('processes end with 0, 1 and 2, as the suite tells its clients', { skip }, async () => {
  const names = ['rekor2-dsse-happy-path', 'wrong-material_fail'];
  for (const given of cases.filter(({ name }) => names.includes(name))) {
    const { code } = await runProcess(wordsFor(given, 'file'));
    assert.equal(code, given.name.endsWith('_fail') ? 1 : 0, given.name);
  }
  assert.equal((await runProcess(['verify', 'a.txt', '--bundle', 'b', '--key', 'k', '--policy', 'p'])).code, 2);
});
