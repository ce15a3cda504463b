/** A real WordPress: Debian's, on SQLite, in a folder of its own, driven by php-cli. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const core = '/usr/share/wordpress';
/** Where scripts/install-services puts what is in no Debian package. */
const sqlite = '/usr/local/share/signpost-test/sqlite-database-integration';

/** A site that nobody visits. */
export interface WordPress {
  readonly plugins: string;
  /** Runs PHP inside the loaded site, as its administrator, and gives what `$answer` was left as. */
  evaluate(code: string): Promise<unknown>;
  remove(): Promise<void>;
}

/** Why there is no WordPress here; nothing when there is. */
export function missingWordPress(): string | undefined {
  return [core, sqlite].every((path) => existsSync(path)) ? undefined : 'WordPress is not installed';
}

/** Installs WordPress. It asks nobody but hosts on loopback; the word of wordpress.org is that nothing is new. */
export async function installWordPress(): Promise<WordPress> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-wordpress-'));
  const site = join(folder, 'site');
  await cp(core, site, { recursive: true, dereference: true, filter: isNeeded });
  await cp(sqlite, join(site, 'wp-content/plugins/sqlite-database-integration'), { recursive: true });
  const dropIn = await readFile(join(sqlite, 'db.copy'), 'utf8');
  const place = join(site, 'wp-content/plugins/sqlite-database-integration');
  await writeFile(
    join(site, 'wp-content/db.php'),
    dropIn
      .replaceAll('{SQLITE_IMPLEMENTATION_FOLDER_PATH}', place)
      .replaceAll('{SQLITE_PLUGIN}', 'sqlite-database-integration/load.php'),
  );
  await writeFile(join(site, 'wp-config.php'), configuration);
  await mkdir(join(site, 'wp-content/mu-plugins'), { recursive: true });
  await writeFile(join(site, 'wp-content/mu-plugins/closed-network.php'), closedNetwork);
  const evaluate = (code: string) => evaluateIn(folder, site, code);
  await evaluateIn(folder, site, installation, true);
  return {
    plugins: join(site, 'wp-content/plugins'),
    evaluate,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Themes and languages only cost time. */
function isNeeded(path: string): boolean {
  return !/wp-content\/(?:themes|languages)\/.|wp-content\/plugins\/akismet|wp-config\.php$/.test(path);
}

const configuration = `<?php
define('DB_NAME', 'wordpress'); define('DB_USER', ''); define('DB_PASSWORD', ''); define('DB_HOST', '');
define('DB_CHARSET', 'utf8'); define('DB_COLLATE', ''); define('DB_DIR', __DIR__ . '/wp-content/database/');
define('WP_HTTP_BLOCK_EXTERNAL', false); define('DISABLE_WP_CRON', true); define('FS_METHOD', 'direct');
define('WP_DEBUG', true); define('WP_DEBUG_DISPLAY', false); define('WP_DEBUG_LOG', __DIR__ . '/debug.log');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`;

/**
 * Core asks the filters of plugins only after wordpress.org has answered, takes no address of loopback by itself, and waits five
 * seconds for an answer, which a machine under load takes.
 */
const closedNetwork = `<?php
add_filter('pre_http_request', function ($answer, $arguments, $url) {
    if (strpos($url, 'http://127.0.0.1:') === 0) return $answer;
    $body = '{"plugins":[],"translations":[],"no_update":[]}';
    return ['headers' => [], 'body' => $body, 'response' => ['code' => 200, 'message' => 'OK'], 'cookies' => [], 'filename' => null];
}, 10, 3);
add_filter('http_request_host_is_external', '__return_true');
add_filter('http_request_args', fn($arguments) => ['timeout' => max(120, $arguments['timeout'])] + $arguments);
add_filter('http_allowed_safe_ports', fn() => range(1, 65535));
`;

const installation = `
define('WP_INSTALLING', true);
require ABSPATH_OF_SITE . 'wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
$answer = wp_install('Test', 'admin', 'admin@example.org', false, '', 'a password for a test');
`;

const loading = `
require ABSPATH_OF_SITE . 'wp-load.php';
foreach (['admin', 'plugin', 'file', 'misc', 'class-wp-upgrader'] as $part) require_once ABSPATH . "wp-admin/includes/$part.php";
wp_set_current_user(1);
`;

async function evaluateIn(folder: string, site: string, code: string, isInstallation = false): Promise<unknown> {
  const script = join(folder, 'script.php');
  const answerFile = join(folder, 'answer.json');
  const surroundings = `$_SERVER['HTTP_HOST'] = 'site.example'; $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1'; define('ABSPATH_OF_SITE', '${site}/');`;
  const end = `file_put_contents('${answerFile}', json_encode($answer));`;
  await rm(answerFile, { force: true });
  await writeFile(script, `<?php\n${surroundings}\n${isInstallation ? '' : loading}\n${code}\n${end}\n`);
  const options = { env: { PATH: '/usr/bin:/bin' }, timeout: 280_000, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await run('php', ['-d', 'memory_limit=512M', script], options);
  if (!existsSync(answerFile)) throw new Error(`WordPress left no answer: ${stdout.slice(-2000)}`);
  return JSON.parse(await readFile(answerFile, 'utf8'));
}
