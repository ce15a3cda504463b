/** Who commits for a plugin: set, never shown, locked by a reset of the master password. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWordpressExamination } from '../../packages/server/src/doctor/wordpress.ts';
import { openCredential, requirePlugin } from '../../packages/server/src/wordpress/credentials/credential.ts';
import { requestDeploy } from '../../packages/server/src/wordpress/deploy/deploy.ts';
import { committer } from '../programs/subversion.ts';
import { slug } from './plugin.ts';
import { credentialsPath, deploysPath, expectStatus, openPluginScene } from './scene.ts';

const nowhere = { url: `svn://127.0.0.1:9/${slug}`, host: 'svn://127.0.0.1:9' };

test('credentials are sealed, told of without the password, locked by a reset of the vault, and entered again', async (t) => {
  const { scene, ask, release } = await openPluginScene(t, nowhere);
  const { database, vault } = scene.resources;
  await release({ version: '1.0.0' });
  const ready = expectStatus(await ask('GET', credentialsPath), 200);
  assert.deepEqual([ready.json.state, ready.json.username, ready.json.repository], ['ready', 'acme', nowhere.url]);
  const row = await database.query.selectFrom('wordpress_credential').selectAll().executeTakeFirstOrThrow();
  const audit = await database.query.selectFrom('audit_event').selectAll().execute();
  assert.doesNotMatch(JSON.stringify([ready.json, row, audit, scene.lines]), new RegExp(committer.password));

  vault.lock();
  assert.equal((await ask('GET', credentialsPath)).json.state, 'ready');
  await database.transaction((tx) => vault.reset(tx, 'another master password'));
  const locked = await ask('GET', credentialsPath);
  assert.deepEqual([locked.json.state, locked.json.username], ['locked', 'acme']);
  const refused = await ask('POST', deploysPath, { version: '1.0.0' });
  assert.deepEqual([refused.status, refused.json.rule], [409, 'credentials-locked']);
  const examine = createWordpressExamination(
    async () => undefined,
    async () => undefined,
  );
  const found = await examine(scene.resources, scene.home.caller.organisationId);
  assert.deepEqual(
    found.map(({ code }) => code),
    ['svn-missing', 'phpcs-missing', 'wordpress-credentials-locked'],
  );

  expectStatus(await ask('PUT', credentialsPath, { ...committer, repository: nowhere.url }), 200);
  assert.equal((await ask('GET', credentialsPath)).json.state, 'ready');
  expectStatus(await ask('DELETE', credentialsPath), 204);
  assert.equal((await ask('GET', credentialsPath)).json.state, 'absent');
  expectStatus(await ask('DELETE', credentialsPath), 404);
  const absent = await ask('POST', deploysPath, { version: '1.0.0' });
  assert.deepEqual([absent.status, absent.json.rule], [409, 'credentials-absent']);
});

test('a password goes to no host that the operator has taken off the list since', async (t) => {
  const { scene, release } = await openPluginScene(t, nowhere);
  await release({ version: '1.0.0' });
  const { resources, home } = scene;
  const listing = (...wordpressHosts: string[]) => ({ ...resources, config: { ...resources.config, wordpressHosts } });
  const { id } = await requirePlugin(resources.database.query, home.caller.organisationId, slug);
  assert.equal((await openCredential(listing(nowhere.host), id)).repository, nowhere.url);
  const refused = { code: 'conflict', rule: 'repository-host' };
  await assert.rejects(openCredential(listing('https://plugins.svn.wordpress.org'), id), refused);
  await assert.rejects(requestDeploy(listing(), home.caller, { slug, version: '1.0.0' }), refused);
});

test('a repository that the operator does not list, and what cannot be handed to Subversion, are refused', async (t) => {
  const { scene, ask } = await openPluginScene(t, nowhere);
  const rules: [object, string][] = [
    [{ repository: 'https://svn.example.org/acme-forms' }, 'repository-host'],
    [{ repository: 'svn://127.0.0.1:10/acme-forms' }, 'repository-host'],
    // Nobody listed the directory here.
    [{}, 'repository-host'],
    [{ repository: 'file:///srv/acme-forms' }, 'repository-url'],
    [{ repository: 'svn+ssh://127.0.0.1/acme-forms' }, 'repository-url'],
    [{ repository: 'svn://eve@127.0.0.1:9/acme-forms' }, 'repository-url'],
    [{ repository: 'svn://127.0.0.1:9/acme%2fforms' }, 'repository-url'],
    [{ repository: 'svn://127.0.0.1:9/acme-forms?x' }, 'repository-url'],
    [{ repository: 'svn://127.0.0.1:9/' }, 'repository-url'],
    [{ repository: nowhere.url, password: 'two\nlines' }, 'credential-form'],
    [{ repository: nowhere.url, username: '--config-dir=/tmp' }, 'credential-form'],
  ];
  for (const [wish, rule] of rules) {
    const answer = await ask('PUT', credentialsPath, { ...committer, ...wish });
    assert.deepEqual([answer.status, answer.json.rule], [400, rule], JSON.stringify(wish));
  }
  const stranger = await scene.openKey(scene.other, ['admin', 'manage', 'activate', 'read']);
  for (const path of [credentialsPath, deploysPath]) {
    assert.equal((await scene.ask('GET', `/o/other${path}`, { as: stranger })).status, 404);
  }
  const viewer = await scene.openPerson(scene.home, 'viewer');
  const asViewer = await scene.ask('PUT', credentialsPath, {
    as: viewer,
    json: { ...committer, repository: nowhere.url },
  });
  assert.equal(asViewer.status, 403);
});
