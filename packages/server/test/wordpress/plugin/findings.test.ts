/** Each finding about a plugin, by the archive that shows it. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemorySource } from '../../../src/releases/inspection/byte-source.ts';
import { readPlugin, unpackPlugin } from '../../../src/wordpress/plugin/archive.ts';
import { judgePlugin } from '../../../src/wordpress/plugin/findings.ts';
import { buildZip } from '../../releases/inspection/zip-builder.ts';

const header = { 'Plugin Name': 'Acme', Version: '1.0.0', 'Text Domain': 'acme-forms', 'Requires PHP': '7.4' };
const head = {
  Contributors: 'acme',
  Tags: 'a',
  'Tested up to': '6.4',
  'Requires PHP': '7.4',
  'Stable tag': '1.0.0',
  License: 'GPLv2',
};
const body = 'Short.\n\n== Description ==\nx\n\n== Changelog ==\nx\n';

const php = (change: object = {}) =>
  `<?php\n/*\n${Object.entries({ ...header, ...change })
    .map(([name, value]) => ` * ${name}: ${value}\n`)
    .join('')} */`;
const readme = (change: object = {}, text = body) =>
  `=== Acme ===\n${Object.entries({ ...head, ...change })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')}\n${text}`;

const sound = { 'acme-forms/acme-forms.php': php(), 'acme-forms/readme.txt': readme() };

async function find(files: Readonly<Record<string, string | undefined>>, version = '1.0.0'): Promise<string[]> {
  const present = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const zip = buildZip(present.map(([name, content]) => ({ name, content })));
  const content = await readPlugin(new MemorySource(zip), { maxUncompressedBytes: 2 ** 26 });
  return judgePlugin(content, { slug: 'acme-forms', version }).map(({ severity, code }) => `${severity} ${code}`);
}

test('an archive that holds a working copy of its own is never unpacked over one', async () => {
  const zip = buildZip([{ name: 'acme-forms/inc/.svn/wc.db', content: 'where passwords would go' }]);
  const folder = await mkdtemp(join(tmpdir(), 'signpost-plugin-'));
  const unpacked = unpackPlugin(new MemorySource(zip), { maxUncompressedBytes: 2 ** 26 }, folder);
  await assert.rejects(unpacked, { rule: 'path-reserved-name' });
  assert.deepEqual(await readdir(folder), []);
  await rm(folder, { recursive: true });
});

test('a plugin that agrees with its release has no findings', async () => {
  assert.deepEqual(await find(sound), []);
  assert.deepEqual(await find({ ...sound, 'acme-forms/readme.txt': readme({ 'Stable tag': 'tags/1.0.0' }) }), []);
  const inCapitals = { ...sound, 'acme-forms/readme.txt': undefined, 'acme-forms/README.TXT': readme() };
  assert.deepEqual(await find(inCapitals), []);
});

const cases: readonly (readonly [string, Readonly<Record<string, string | undefined>>, readonly string[]])[] = [
  ['files at the top', { ...sound, LICENSE: 'x' }, ['error top-folder', 'error no-plugin-file']],
  ['two folders', { ...sound, 'other/x.php': php() }, ['error top-folder', 'error no-plugin-file']],
  ['another folder', { 'acme/acme.php': php(), 'acme/readme.txt': readme() }, ['warning folder-not-slug']],
  ['Subversion', { ...sound, 'acme-forms/inc/.svn/entries': 'x' }, ['error subversion-folder']],
  [
    'Subversion behind much else',
    {
      ...sound,
      ...Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`acme-forms/${at}/.git/HEAD`, 'x'])),
      'acme-forms/z/.svn/wc.db': 'x',
    },
    ['error subversion-folder', ...Array.from({ length: 19 }, () => 'warning foreign-folder')],
  ],
  [
    'Subversion inside Git',
    { ...sound, 'acme-forms/.git/.svn/wc.db': 'x' },
    ['error subversion-folder', 'warning foreign-folder'],
  ],
  ['Git', { ...sound, 'acme-forms/.git/HEAD': 'x' }, ['warning foreign-folder']],
  ['no header', { ...sound, 'acme-forms/acme-forms.php': '<?php' }, ['error no-plugin-file']],
  [
    'a header too deep',
    { ...sound, 'acme-forms/acme-forms.php': `<?php${' '.repeat(8200)}\n${php()}` },
    ['error no-plugin-file'],
  ],
  ['two main files', { ...sound, 'acme-forms/a.php': php({ Version: '9' }) }, ['warning several-plugin-files']],
  ['another version', { ...sound, 'acme-forms/acme-forms.php': php({ Version: '1.0' }) }, ['error version']],
  ['trunk', { ...sound, 'acme-forms/readme.txt': readme({ 'Stable tag': 'trunk' }) }, ['error stable-tag']],
  ['no tag', { ...sound, 'acme-forms/readme.txt': readme({ 'Stable tag': '' }) }, ['error stable-tag']],
  ['no readme', { ...sound, 'acme-forms/readme.txt': undefined }, ['error readme-missing']],
  ['a readme without name', { ...sound, 'acme-forms/readme.txt': 'hello' }, ['error readme-form']],
  ['a text domain', { ...sound, 'acme-forms/acme-forms.php': php({ 'Text Domain': 'x' }) }, ['warning text-domain']],
  [
    'an update URI',
    { ...sound, 'acme-forms/acme-forms.php': php({ 'Update URI': 'https://acme.example/x' }) },
    ['warning update-uri'],
  ],
  [
    'PHP in words',
    { ...sound, 'acme-forms/readme.txt': readme({ 'Requires PHP': '>=7.4' }) },
    ['warning requires-php'],
  ],
  ['two PHPs', { ...sound, 'acme-forms/readme.txt': readme({ 'Requires PHP': '8.0' }) }, ['warning requires-php']],
  ['never tested', { ...sound, 'acme-forms/readme.txt': readme({ 'Tested up to': '' }) }, ['warning tested-up-to']],
  [
    'tested in words',
    { ...sound, 'acme-forms/readme.txt': readme({ 'Tested up to': 'latest' }) },
    ['warning tested-up-to'],
  ],
  ['no license', { ...sound, 'acme-forms/readme.txt': readme({ License: '' }) }, ['warning license']],
  ['nobody', { ...sound, 'acme-forms/readme.txt': readme({ Contributors: '' }) }, ['warning contributors']],
  ['many tags', { ...sound, 'acme-forms/readme.txt': readme({ Tags: 'a,b,c,d,e,f' }) }, ['warning tags']],
  [
    'a long description',
    { ...sound, 'acme-forms/readme.txt': readme({}, body.replace('Short.', 'ä'.repeat(151))) },
    ['warning short-description'],
  ],
  [
    'no description',
    { ...sound, 'acme-forms/readme.txt': readme({}, body.replace('Short.', '')) },
    ['warning short-description'],
  ],
  [
    'a long notice',
    { ...sound, 'acme-forms/readme.txt': readme({}, `${body}\n== Upgrade Notice ==\n= 1.0.0 =\n${'x'.repeat(301)}`) },
    ['warning upgrade-notice'],
  ],
  [
    'no sections',
    { ...sound, 'acme-forms/readme.txt': readme({}, 'Short.') },
    ['warning description', 'warning changelog'],
  ],
  [
    'a long section',
    { ...sound, 'acme-forms/readme.txt': readme({}, `${body}\n== Installation ==\n${'x '.repeat(2501)}`) },
    ['warning section-length'],
  ],
];

for (const [what, files, expected] of cases) {
  test(`${what}: ${expected.join(', ')}`, async () => {
    assert.deepEqual(await find(files), expected);
  });
}

test('a version that cannot be a tag is an error', async () => {
  const files = {
    ...sound,
    'acme-forms/acme-forms.php': php({ Version: '1.0+b' }),
    'acme-forms/readme.txt': readme({ 'Stable tag': '1.0+b' }),
  };
  assert.deepEqual(await find(files, '1.0+b'), ['error version-form']);
});
