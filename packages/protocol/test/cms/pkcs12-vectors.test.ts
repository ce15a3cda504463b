/** PKCS#12 files that others have published: pyca's, with every way to name things, and those of NIST's PKITS. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import { TrustError } from '@signpost/protocol/errors';
import { askOracle, findMissingOracle, python } from '../oracle.ts';

const skip = findMissingOracle(python, ['-c', 'import cryptography_vectors']);

function listVectors(
  ...folder: readonly string[]
): readonly (readonly [name: string, bytes: Uint8Array<ArrayBuffer>])[] {
  const script = 'import cryptography_vectors as v, os; print(os.path.dirname(v.__file__))';
  const base = join(askOracle(python, ['-c', script]).stdout.toString('utf8').trim(), ...folder);
  const names = readdirSync(base).filter((name) => name.endsWith('.p12'));
  return names.sort().map((name) => [name, new Uint8Array(readFileSync(join(base, name)))]);
}

/** What a file holds, or the code of the refusal. */
async function describe(bytes: Uint8Array<ArrayBuffer>, password: string): Promise<string> {
  try {
    const { keys, certificates } = await parsePkcs12(bytes, password);
    return `${keys.length} keys, ${certificates.map(({ friendlyName = '-' }) => friendlyName).join(' ')}`;
  } catch (error) {
    assert.ok(error instanceof TrustError, String(error));
    return error.code;
  }
}

test("pyca's files are read with their names, and refused where their ciphers are old", { skip }, async () => {
  const found: Record<string, string> = {};
  for (const [name, bytes] of listVectors('pkcs12')) {
    const isNamed = /name/.test(name);
    const password = isNamed
      ? name.includes('no-pwd')
        ? ''
        : 'password'
      : name === 'no-password.p12'
        ? ''
        : 'cryptography';
    found[name.replace('.p12', '')] = await describe(bytes, password);
  }
  const old = 'algorithm_unsupported';
  const named = {
    'name-1': '1 keys, name - -',
    'name-2': '1 keys, - name2 -',
    'name-2-3': '1 keys, - name2 name3',
    'name-3': '1 keys, - - name3',
    'name-all': '1 keys, name name2 name3',
    'name-unicode': '1 keys, ☺ ä ç',
    'no-cert-name-2': '0 keys, name2 -',
    'no-cert-name-3': '0 keys, - name3',
    'no-cert-name-all': '0 keys, name2 name3',
    'no-cert-name-unicode': '0 keys, ☹ ï',
    'no-cert-no-name': '0 keys, - -',
    'no-name': '1 keys, - - -',
  };
  assert.deepEqual(found, {
    'cert-aes256cbc-no-key': '0 keys, -',
    'cert-key-aes256cbc': '1 keys, -',
    'cert-none-key-none': '1 keys, -',
    'cert-rc2-key-3des': old,
    'no-cert-key-aes256cbc': '1 keys, ',
    'no-password': old,
    ...Object.fromEntries(
      Object.entries(named).flatMap(([name, expected]) => [
        [`${name}-no-pwd`, expected],
        [`${name}-pwd`, old],
      ]),
    ),
  });
});

test('the files of PKITS have the right MAC, and are refused for their old ciphers', { skip }, async () => {
  const files = listVectors('x509', 'PKITS_data', 'pkcs12');
  assert.equal(files.length, 405);
  // Each costs 2,000 rounds of SHA-1: a few stand for all.
  for (const [, bytes] of files.filter((_, index) => index % 100 === 0)) {
    assert.equal(await describe(bytes, 'password'), 'algorithm_unsupported');
    assert.equal(await describe(bytes, 'passwort'), 'password_wrong');
  }
});
