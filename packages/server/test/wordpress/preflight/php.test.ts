import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { parsePhp } from '../../../src/wordpress/preflight/php/parse.ts';
import { makePluginFolder } from './plugin-folder.ts';

const files: Readonly<Record<string, string>> = {
  'plugin.php': '<?php\n/* Plugin Name: Seven */\nfunction seven(): ?int { return [1, 2, 3][0] ?? null; }',
  'includes/eight.php': '<?php\nenum Suit { case Hearts; }',
  'includes/open.php': '<?php\nif (true) {\n',
  'includes/fatal.php': '<?php\nabstract final class Both {}',
  'includes/program.php': "<?php\nfile_put_contents('/file.php', '');\nexit(7);",
  'includes/large.php': `<?php $a = [${"'x',".repeat(2_000_000)}];`,
  'includes/names with spaces.php': '<?php return 1;',
};

describe('plugins are parsed by the PHP that they must run on', () => {
  let folder: string;
  before(async () => {
    folder = await makePluginFolder(files);
  });
  after(() => rm(folder, { recursive: true }));

  test('what PHP 7.4 cannot parse is named with its line, and nothing of the plugin runs', async () => {
    const order = { version: '7.4', folder, paths: Object.keys(files) } as const;
    const result = await parsePhp(order, AbortSignal.timeout(60_000));
    assert.ok(result.outcome === 'run');
    assert.match(result.version, /^PHP 7\.4\.\d+$/);
    assert.deepEqual(
      result.findings.map(({ path, line, severity }) => [path, line, severity]),
      [
        ['includes/eight.php', 2, 'error'],
        ['includes/open.php', 3, 'error'],
        ['includes/fatal.php', 2, 'error'],
        ['includes/large.php', 1, 'error'],
      ],
    );
    assert.match(result.findings[2]?.message ?? '', /final modifier on an abstract class/);
    assert.match(result.findings[3]?.message ?? '', /memory/);
  });

  test('a PHP that is not installed did not run', async () => {
    const result = await parsePhp({ version: '5.2', folder, paths: ['plugin.php'] }, AbortSignal.timeout(60_000));
    assert.deepEqual(result, {
      outcome: 'not_run',
      reason: 'PHP 5.2 is not installed: npm install @php-wasm/node-5-2',
    });
  });

  test('files that are not there are no result', async () => {
    const result = await parsePhp({ version: '7.4', folder, paths: ['none.php'] }, AbortSignal.timeout(60_000));
    assert.deepEqual(result, { outcome: 'not_run', reason: 'the parser broke off: code 1' });
  });
});
