/** What of the settings a backup shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSettings } from '../../src/backup/settings.ts';
import { parseConfig } from '../../src/config.ts';

test('no secret, no place of this machine and nothing that nobody decided on stands among the settings', () => {
  const config = parseConfig({
    SIGNPOST_DATA: '/srv/signpost',
    SIGNPOST_DATABASE: 'postgres://hunter2@db.example/signpost',
    SIGNPOST_VAULT_PASSWORD_FILE: '/run/credentials/hunter2',
    SIGNPOST_TLS_CERT: '/etc/hunter2.pem',
    SIGNPOST_TLS_KEY: '/etc/hunter2.key',
    SIGNPOST_NPMRC: '/srv/hunter2/.npmrc',
    SIGNPOST_PHPCS: '/srv/hunter2/phpcs',
    SIGNPOST_WORDPRESS_PATH: '/srv/hunter2/site',
    SIGNPOST_BACKUP_DIR: '/mnt/hunter2',
    SIGNPOST_BASE_URL: 'https://sign.example',
  });
  const settings = describeSettings({ ...config, ...{ smtpPassword: 'hunter2' } });
  assert.doesNotMatch(JSON.stringify(settings), /hunter2|\/srv\/|smtp/);
  assert.equal(settings.baseUrl, 'https://sign.example');
  const hidden = Object.keys(config).filter((name) => !Object.hasOwn(settings, name));
  assert.deepEqual(hidden.sort(), [
    'backupDir',
    'bus',
    'clamd',
    'dataDir',
    'databaseUrl',
    'dockerConfigFile',
    'environment',
    'mail',
    'npmrcFile',
    'phpcs',
    'phpcsStandard',
    'tls',
    'vaultPasswordFile',
    'weakKeyLists',
    'wordpressCaFile',
    'wordpressPath',
    'wpCli',
  ]);
});
