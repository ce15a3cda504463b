/** Registries and credentials as npm's own settings name them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../../../protocol/test/code-points.ts';
import { parseNpmrc } from '../../../../src/watch/readers/npm/npmrc.ts';

/** How npm writes a variable of the environment. */
const variable = (name: string) => `\${${name}}`;

const settings = parseNpmrc(
  [
    '# a comment = none',
    '; another=one',
    'registry=https://npm.example',
    '@acme:registry = "https://packages.example:8443/npm/acme//"',
    `//packages.example:8443/npm/:_authToken=${variable('ACME_TOKEN')}`,
    '//npm.example/:username=ada',
    `//npm.example/:_password=${Buffer.from('correct horse').toString('base64')}`,
    'save-exact=true',
  ].join('\r\n'),
  { ACME_TOKEN: 'of-the-environment' },
);

test('a package is read from the registry of its scope, and from the usual one otherwise', () => {
  assert.equal(settings.registryOf('rocket'), 'https://npm.example/');
  assert.equal(settings.registryOf('@other/rocket'), 'https://npm.example/');
  assert.equal(settings.registryOf('@acme/rocket'), 'https://packages.example:8443/npm/acme/');
});

test('without a registry, or with one that is none, packages are read nowhere', () => {
  for (const text of ['', 'registry=', 'registry=ftp://npm.example', 'registry=https://ada:secret@npm.example', '\0']) {
    assert.equal(parseNpmrc(text, {}).registryOf('rocket'), undefined, text);
  }
});

test('credentials go to the registry that they are for, or one below it, and to nobody else', () => {
  const token = { authorization: 'Bearer of-the-environment' };
  assert.deepEqual(settings.credentialsOf('https://packages.example:8443/npm/acme/'), token);
  assert.deepEqual(settings.credentialsOf('https://packages.example:8443/npm/'), token);
  for (const stranger of [
    'https://packages.example:8443/',
    'https://packages.example/npm/',
    'https://x.example/npm/',
  ]) {
    assert.deepEqual(settings.credentialsOf(stranger), {});
  }
  assert.deepEqual(settings.credentialsOf('https://npm.example/'), {
    authorization: `Basic ${Buffer.from('ada:correct horse').toString('base64')}`,
  });
  const pair = parseNpmrc('//npm.example/:_auth=YTpi', {}).credentialsOf('https://npm.example/');
  assert.deepEqual(pair, { authorization: 'Basic YTpi' });
});

test('whatever stands in the file, it is read, and no registry has credentials in its address', () => {
  const words = fc.constantFrom(
    'registry',
    '=',
    '@a:',
    '//',
    'npm.example',
    '/',
    ':_authToken',
    variable('A'),
    '\n',
    'https://',
    'u:p@',
  );
  const text = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.array(words).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (file) => {
      const registry = parseNpmrc(file, { A: 'b' }).registryOf('@a/rocket');
      if (registry === undefined) return;
      const url = new URL(registry);
      assert.ok(registry.endsWith('/') && url.username === '' && url.password === '');
      parseNpmrc(file, {}).credentialsOf(registry);
    }),
  );
});
