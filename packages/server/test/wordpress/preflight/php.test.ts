import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { parseFatalError } from '../../../src/wordpress/preflight/php/fatal-error.ts';
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
  const signal = new AbortController().signal;
  const listed = (paths: readonly string[]) => paths.map((path) => ({ path, size: 1 }));

  test('what PHP 7.4 cannot parse is named with its line, and nothing of the plugin runs', async () => {
    const done: number[] = [];
    const report = async (count: number) => void done.push(count);
    const result = await parsePhp({ version: '7.4', folder, files: listed(Object.keys(files)), signal, report });
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
    assert.deepEqual([result.errors, done], [4, [7]]);
  });

  test('a PHP that is not installed did not run', async () => {
    const result = await parsePhp({ version: '5.2', folder, files: listed(['plugin.php']), signal });
    assert.deepEqual(result, {
      outcome: 'not_run',
      reason: 'PHP 5.2 is not installed: npm install @php-wasm/node-5-2',
    });
  });

  test('files that are not there are no result', async () => {
    const result = await parsePhp({ version: '7.4', folder, files: listed(['none.php']), signal });
    assert.deepEqual(result, { outcome: 'not_run', reason: 'the parser broke off: code 1' });
  });

  test('what nobody could hold in memory, and what is nested without end, is found in the file, and the next one is parsed', async () => {
    const hostile = await makePluginFolder({
      'deep.php': `<?php $a = ${'('.repeat(200_000)}1${')'.repeat(200_000)};`,
      'next.php': '<?php\nfinal abstract class Both {}',
    });
    const files = [...listed(['deep.php', 'next.php']), { path: 'huge.php', size: 2 ** 26 }];
    const result = await parsePhp({ version: '7.4', folder: hostile, files, signal });
    await rm(hostile, { recursive: true });
    assert.ok(result.outcome === 'run');
    assert.deepEqual(
      result.findings.map(({ path, line, message }) => [path, line, message]),
      [
        ['huge.php', 0, 'expected at most 33554432 bytes of PHP in one file, got 67108864'],
        ['deep.php', 1, 'memory exhausted'],
        ['next.php', 2, 'Cannot use the final modifier on an abstract class'],
      ],
    );
  });

  test('nobody parses nothing', async () => {
    const result = await parsePhp({ version: '7.4', folder, files: [], signal });
    assert.ok(result.outcome === 'run' && /^PHP 7\.4/.test(result.version));
  });
});

test('the words in which PHP ends are read, whatever a file adds to them', () => {
  const cases: [string, unknown][] = [
    ['PHP Fatal error:  Both in one in /file.php on line 12', { line: 12, message: 'Both in one' }],
    ['<b>Parse error</b>: odd in <b>/file.php</b> on line <b>3</b><br />', { line: 3, message: 'odd' }],
    [`Fatal error: ${' in on line'.repeat(1_000_000)}`, { line: 1, message: '' }],
    [`Fatal error: ${'<b>'.repeat(1_000_000)}`, undefined],
    ['Warning: x in /file.php on line 1', undefined],
    ['', undefined],
  ];
  for (const [words, expected] of cases) {
    const read = parseFatalError(words);
    if (expected === undefined) assert.equal(read, undefined);
    else assert.equal(read?.line, (expected as { line: number }).line);
    if (read && words.length < 100) assert.deepEqual(read, expected);
  }
});
