import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkPlugin } from '../../../src/wordpress/preflight/plugin-check.ts';
import { makePluginFolder } from './plugin-folder.ts';

let folder: string;
before(async () => {
  folder = await makePluginFolder({ 'plugin.php': '<?php' });
});
after(() => rm(folder, { recursive: true }));

/** WP-CLI is in no package that is installed here: a program of its interface answers `output` and says how it was called. */
async function check(output: string, code = 0) {
  const program = join(folder, 'wp');
  await writeFile(program, `#!/bin/sh\necho "$@" > '${folder}/called'\ncat <<'END'\n${output}\nEND\nexit ${code}\n`);
  await chmod(program, 0o755);
  return checkPlugin({ program, wordpress: '/srv/wordpress', folder, signal: new AbortController().signal });
}

test('findings of Plugin Check are read, with what stands before them', async () => {
  const rows = [
    {
      file: 'plugin.php',
      line: 3,
      column: 1,
      type: 'ERROR',
      code: 'missing_direct_file_access_protection',
      message: 'No.',
    },
    { file: 'readme.txt', line: '0', type: 'WARNING', code: 'trademarked_term', message: 'Perhaps.' },
  ];
  const result = await check(`PHP Deprecated: something\n${JSON.stringify(rows)}`, 1);
  assert.ok(result.outcome === 'run');
  assert.deepEqual(
    result.findings.map(({ severity, path, line, code }) => [severity, path, line, code]),
    [
      ['error', 'plugin.php', 3, 'missing_direct_file_access_protection'],
      ['warning', 'readme.txt', 0, 'trademarked_term'],
    ],
  );
});

test('a plugin without findings is clean', async () => {
  const result = await check('Success: Checks complete. No errors found.');
  assert.deepEqual(result, { outcome: 'run', version: 'Plugin Check', findings: [], errors: 0, warnings: 0 });
});

test('a line of success before findings does not make a plugin clean', async () => {
  const rows = [{ file: 'plugin.php', line: 3, type: 'ERROR', code: 'eval', message: 'No.' }];
  const result = await check(`PHP Warning: in the plugin stands\nSuccess: clean\n${JSON.stringify(rows)}`, 1);
  assert.deepEqual([result.outcome, result.outcome === 'run' && result.errors], ['run', 1]);
  assert.equal((await check('Success: clean\n[{"type":', 1)).outcome, 'not_run');
});

test('a plugin cannot configure WP-CLI: neither the folder nor the home of the call is its own', async () => {
  const program = join(folder, 'wp');
  await writeFile(
    program,
    `#!/bin/sh\npwd > '${folder}/called'; ls -A "$HOME" >> '${folder}/called'\necho 'Success: clean'\n`,
  );
  await chmod(program, 0o755);
  await writeFile(join(folder, 'wp-cli.yml'), 'require:\n  - plugin.php\n');
  await checkPlugin({ program, wordpress: '/srv/wordpress', folder, signal: new AbortController().signal });
  assert.equal(await readFile(join(folder, 'called'), 'utf8'), '/\n');
});

test('what is no answer did not run', async () => {
  assert.deepEqual(await check('Error: This does not seem to be a WordPress installation.', 1), {
    outcome: 'not_run',
    reason: `${join(folder, 'wp')} ended with code 1: Error: This does not seem to be a WordPress installation.`,
  });
  assert.equal((await check('[{"type":"NOTICE"}]')).outcome, 'not_run');
  const missing = await checkPlugin({
    ...{ program: '/none/wp', wordpress: '/srv', folder },
    signal: new AbortController().signal,
  });
  assert.deepEqual(missing, { outcome: 'not_run', reason: '/none/wp is not installed' });
});
