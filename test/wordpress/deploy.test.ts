/** Deploys of plugins to a repository that Apache serves, as wordpress.org does: everybody reads, the committer writes. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  committer,
  createRepository,
  type Repository,
  type RepositoryServer,
  startApache,
} from '../programs/subversion.ts';
import { slug } from './plugin.ts';
import { credentialsPath, type Deploy, deploysPath, openPluginScene, type PluginScene } from './scene.ts';

const closers: (() => unknown)[] = [];
let repository: Repository;
let server: RepositoryServer;
let plugin: PluginScene;

before(async () => {
  repository = await createRepository(slug);
  server = await startApache(repository, slug);
  closers.push(
    () => repository.remove(),
    () => server.stop(),
  );
  plugin = await openPluginScene({ after: (close) => void closers.push(close as () => unknown) }, server);
});
after(async () => {
  for (const close of closers.reverse()) await close();
});

test('a release is shown as a diff, confirmed, and becomes one revision of trunk and tag', async () => {
  const files = [
    { path: 'bin/run.sh', mode: 0o755 },
    { path: 'img/icon@2x.png', content: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]) },
    { path: 'a file with spaces.txt' },
    { path: '-v.txt' },
    { path: 'Größe.txt', content: 'größer\r\n' },
    { path: 'inc/Old.php', content: '<?php // $Id$\r\n' },
    { path: 'thing', content: 'a file' },
    { path: 'empty/' },
  ];
  await plugin.release({ version: '1.0.0', files });
  const prepared = await plugin.prepare('1.0.0');
  assert.equal(prepared.failure, null);
  assert.equal(prepared.state, 'awaiting_confirmation');
  assert.ok(prepared.diff.changes.every(({ action }: Deploy) => action === 'added'));
  assert.match(prepared.diff.text, /^\+function acme_version/m);
  const before = (await repository.readLog()).length;
  const deployed = await plugin.confirm(prepared);
  assert.deepEqual([deployed.state, deployed.failure], ['deployed', null]);
  const log = await repository.readLog();
  assert.equal(log.length, before + 1);
  assert.equal(log[0]?.number, deployed.revision);
  assert.ok(log[0]?.paths.some((path) => path.startsWith(`A /${slug}/tags/1.0.0 (from /${slug}/trunk:`)));
  assert.equal(log[0]?.message, `Release 1.0.0\n\nSignpost-Deploy: ${deployed.id}`);
  await assertContent('1.0.0', files);
});

test('the next release replaces trunk whole: deletions, case, files that become folders, bits and bytes', async () => {
  const files = [
    { path: 'bin/run.sh' },
    { path: 'bin/new', mode: 0o755 },
    { path: 'img/icon@2x.png', content: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 9]) },
    { path: 'inc/old.php', content: '<?php // $Id$\n' },
    { path: 'thing/inside', content: 'now a folder holds it' },
  ];
  await plugin.release({ version: '1.1.0', files });
  const prepared = await plugin.prepare('1.1.0');
  assert.deepEqual([prepared.state, prepared.failure], ['awaiting_confirmation', null]);
  const actions = new Map(prepared.diff.changes.map(({ path, action }: Deploy) => [path, action]));
  assert.deepEqual(
    ['a file with spaces.txt', 'inc/Old.php', 'inc/old.php', 'thing', 'thing/inside', 'img/icon@2x.png', 'empty'].map(
      (path) => actions.get(path),
    ),
    ['deleted', 'deleted', 'added', 'replaced', 'added', 'modified', 'deleted'],
  );
  const bits = prepared.diff.changes.find(({ path }: Deploy) => path === 'bin/run.sh');
  assert.deepEqual(bits.properties, ['-svn:executable']);
  const image = prepared.diff.changes.find(({ path }: Deploy) => path === 'img/icon@2x.png');
  assert.deepEqual([image.size_before, image.size_after], [8, 6]);
  assert.equal((await plugin.confirm(prepared)).state, 'deployed');
  await assertContent('1.1.0', files);
});

test('a version that has a tag is not deployed again', async () => {
  const again = await plugin.prepare('1.1.0').catch((error: Error) => error);
  // The older release is not in service any more, so it is not even prepared.
  assert.equal(again.failure?.rule, 'tag-exists');
});

test('only the release in service is deployed, and only when it says of itself what it is', async () => {
  const superseded = await plugin.ask('POST', deploysPath, { version: '1.0.0' });
  assert.deepEqual([superseded.status, superseded.json.rule], [409, 'release-state']);
  await plugin.release({ version: '1.1.1', header: { Version: '1.1.0' } });
  const wrong = await plugin.ask('POST', deploysPath, { version: '1.1.1' });
  assert.deepEqual([wrong.status, wrong.json.rule], [409, 'plugin-findings']);
  assert.match(String(wrong.json.detail), /expected the Version "1.1.1" in the header/);
});

test('another digest than that of the diff confirms nothing, and a second deploy waits for the first', async () => {
  await plugin.release({ version: '1.2.0' });
  const prepared = await plugin.prepare('1.2.0');
  const confirm = `${deploysPath}/${prepared.id}/confirm`;
  const other = await plugin.ask('POST', confirm, { diff_digest: 'ab'.repeat(32) });
  assert.deepEqual([other.status, other.json.rule], [409, 'diff-changed']);
  const second = await plugin.ask('POST', deploysPath, { version: '1.2.0' });
  assert.deepEqual([second.status, second.json.rule], [409, 'deploy-in-flight']);
  const cleared = await plugin.ask('DELETE', credentialsPath);
  assert.deepEqual([cleared.status, cleared.json.rule], [409, 'deploy-in-flight']);
  const cancelled = await plugin.ask('POST', `${deploysPath}/${prepared.id}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.json.state], [200, 'cancelled']);
  const late = await plugin.ask('POST', confirm, { diff_digest: prepared.diff_digest });
  assert.deepEqual([late.status, late.json.rule], [409, 'deploy-state']);
});

test('where trunk has moved since the diff was made, nothing is committed', async () => {
  const prepared = await plugin.prepare('1.2.0');
  await commitForeign();
  const count = (await repository.readLog()).length;
  const failed = await plugin.confirm(prepared);
  assert.deepEqual([failed.state, failed.failure.rule], ['failed', 'trunk-moved']);
  assert.equal((await repository.readLog()).length, count);
});

test('a commit that comes in between, after the last look at trunk, is not written over either', async () => {
  const prepared = await plugin.prepare('1.2.0');
  const script = `test -e ${repository.folder}/moved && exit 0; touch ${repository.folder}/moved
HOME=/tmp /usr/bin/svnmucc -m 'in between' put /etc/hostname ${repository.local}/trunk/late.txt >/dev/null`;
  await repository.writeHook('start-commit', script);
  const failed = await plugin.confirm(prepared);
  assert.deepEqual([failed.state, failed.failure.rule], ['failed', 'trunk-moved']);
  const [last] = await repository.readLog();
  assert.equal(last?.message, 'in between');
});

test('what a hook of the repository says no to has failed, in its words', async () => {
  await repository.writeHook('pre-commit', 'echo "the readme is not to our taste" >&2; exit 1');
  const failed = await plugin.deploy('1.2.0');
  assert.deepEqual([failed.state, failed.failure.rule], ['failed', 'repository-refused']);
  assert.match(failed.failure.message, /the readme is not to our taste/);
  await repository.writeHook('pre-commit', 'exit 0');
});

test('links, foreign repositories and conversions that trunk holds do not alter what is deployed, nor lead out of it', async () => {
  const work = join(repository.folder, 'foreign');
  await repository.svn('checkout', '--quiet', `${repository.local}/trunk`, work);
  await symlink('/etc', join(work, 'linked'));
  await writeFile(join(work, 'eol.txt'), 'one\ntwo\n');
  await repository.svn('add', '--quiet', join(work, 'linked'), join(work, 'eol.txt'));
  await repository.svn('propset', '--quiet', 'svn:eol-style', 'native', join(work, 'eol.txt'));
  await repository.svn('propset', '--quiet', 'svn:externals', `${repository.local}/tags/1.0.0 outside`, work);
  await repository.svn('commit', '--quiet', '-m', 'oddities', work);
  const files = [
    { path: 'linked/passwd', content: 'not of this machine' },
    { path: 'eol.txt', content: 'one\r\ntwo\r\n' },
  ];
  await plugin.release({ version: '1.3.0', files });
  const deployed = await plugin.deploy('1.3.0');
  assert.deepEqual([deployed.state, deployed.failure], ['deployed', null]);
  await assertContent('1.3.0', files);
  assert.doesNotMatch(await readFile('/etc/passwd', 'utf8'), /not of this machine/);
});

test('a repository whose trunk or tags is a link leads to no other folder of this machine', async () => {
  const top = repository.local.slice(0, -slug.length - 1);
  await plugin.release({ version: '1.3.1' });
  for (const link of ['trunk', 'tags']) {
    const victim = await mkdtemp(join(repository.folder, 'victim-'));
    const work = join(repository.folder, `linked-${link}-work`);
    await repository.svn('mkdir', '--quiet', '-m', 'a plugin', `${top}/linked-${link}`);
    await repository.svn('checkout', '--quiet', `${top}/linked-${link}`, work);
    await mkdir(join(work, link === 'trunk' ? 'tags' : 'trunk'));
    await symlink(victim, join(work, link));
    await repository.svn('add', '--quiet', join(work, 'trunk'), join(work, 'tags'));
    await repository.svn('commit', '--quiet', '-m', 'a link', work);
    const address = `${server.url.slice(0, -slug.length)}linked-${link}`;
    await plugin.ask('PUT', credentialsPath, { ...committer, repository: address });
    const refused = await plugin.prepare('1.3.1');
    assert.deepEqual([refused.state, refused.failure?.rule], ['failed', 'repository-layout'], link);
    assert.deepEqual(await readdir(victim), [], link);
  }
  await plugin.ask('PUT', credentialsPath, { ...committer, repository: server.url });
});

test('a wrong password, and a repository that does not answer, are told apart', async () => {
  await plugin.release({ version: '1.4.0' });
  await plugin.ask('PUT', credentialsPath, { username: 'acme', password: 'wrong-9', repository: server.url });
  const refused = await plugin.deploy('1.4.0');
  assert.deepEqual([refused.state, refused.failure.rule], ['failed', 'credentials-refused']);
  await server.stop();
  const away = await plugin.prepare('1.4.0');
  assert.deepEqual([away.state, away.failure.rule], ['failed', 'repository-unreachable']);
  assert.doesNotMatch(`${plugin.scene.lines.join('\n')}${JSON.stringify([refused, away])}`, /wrong-9|Zaunk0enig/);
});

test('every act stands in the audit log, and its end among the events', async () => {
  const { database } = plugin.scene.resources;
  const acts = await database.query
    .selectFrom('audit_event')
    .select('action')
    .distinct()
    .where('action', 'like', 'wordpress.%')
    .execute();
  assert.deepEqual(acts.map(({ action }) => action).sort(), [
    'wordpress.credentials_set',
    'wordpress.deploy_cancelled',
    'wordpress.deploy_confirmed',
    'wordpress.deploy_prepared',
    'wordpress.deploy_requested',
    'wordpress.deployed',
    'wordpress.failed',
    'wordpress.preflight_settings',
  ]);
  const events = await database.query
    .selectFrom('outbox')
    .select(['topic', 'payload'])
    .where('topic', 'like', 'wordpress.%')
    .execute();
  assert.equal(events.filter(({ topic }) => topic === 'wordpress.deployed').length, 3);
  assert.ok(events.every(({ payload }) => JSON.parse(payload).project === slug));
});

async function commitForeign(): Promise<void> {
  await repository.svn('mkdir', '--quiet', '-m', 'somebody else', `${repository.local}/trunk/foreign`);
}

/** The tag holds exactly these files beside the main file and the readme, byte for byte, and trunk is the same. */
async function assertContent(
  version: string,
  files: readonly { path: string; content?: string | Buffer; mode?: number }[],
): Promise<void> {
  const folder = await repository.export(`tags/${version}`);
  for (const { path, content = `content of ${path}\n`, mode = 0o644 } of files.filter(
    (one) => !one.path.endsWith('/'),
  )) {
    assert.deepEqual(await readFile(join(folder, path)), Buffer.from(content), path);
    assert.equal((await stat(join(folder, path))).mode & 0o100, mode & 0o100, path);
  }
  const listed = await repository.svn('list', '--recursive', `${repository.local}/tags/${version}@`);
  const found = listed.split('\n').filter((path) => path !== '' && !path.endsWith('/'));
  const expected = [
    `${slug}.php`,
    'readme.txt',
    ...files.map(({ path }) => path).filter((path) => !path.endsWith('/')),
  ];
  assert.deepEqual(found.sort(), expected.sort());
  assert.equal(await repository.svn('list', '--recursive', `${repository.local}/trunk@`), listed);
}
