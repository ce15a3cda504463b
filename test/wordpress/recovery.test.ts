/** What becomes of deploys whose server ended, whose connection broke, or whose vault was closed: the repository is asked, on both engines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recoverDeploys } from '../../packages/server/src/wordpress/deploy/deploy.ts';
import { findDeploy } from '../../packages/server/src/wordpress/deploy/store.ts';
import { forEachEngine } from '../../packages/server/test/storage/engines.ts';
import { masterPassword } from '../../packages/server/test/vault/opened-vault.ts';
import { createRepository, startSvnserve } from '../programs/subversion.ts';
import { slug } from './plugin.ts';
import { type Deploy, deploysPath, openPluginScene, type PluginScene } from './scene.ts';

/** A server that ended while it had the row in this state, and the next one. */
async function endServer({ scene, worker }: PluginScene, { id }: Deploy, change: object): Promise<void> {
  const { database } = scene.resources;
  await database.query.updateTable('wordpress_deploy').set(change).where('id', '=', id).execute();
  await recoverDeploys(scene.resources);
  await worker.drain();
}

const sent = { state: 'committing', stage: 'sending' } as const;
const unended = { ...sent, revision: null, ended_at: null } as const;

test('a deploy is settled by its repository, whenever the server ended', async (t) => {
  const repository = await createRepository(slug);
  t.after(() => repository.remove());
  const server = await startSvnserve(repository, slug);
  t.after(() => server.stop());
  const plugin = await openPluginScene(t, server);
  const { scene, worker } = plugin;
  const { database, vault } = scene.resources;
  await plugin.release({ version: '1.0.0' });

  // The commit came through, and nobody heard of it.
  const first = await plugin.deploy('1.0.0');
  assert.deepEqual([first.state, first.failure], ['deployed', null]);
  const count = (await repository.readLog()).length;
  await endServer(plugin, first, unended);
  const again = await plugin.show(first.id);
  assert.deepEqual([again.state, again.revision], ['deployed', first.revision]);
  assert.equal((await repository.readLog()).length, count);

  // Nothing of it came through: what was confirmed is committed.
  await plugin.release({ version: '1.1.0' });
  const second = await plugin.prepare('1.1.0');
  await endServer(plugin, second, sent);
  assert.equal((await plugin.show(second.id)).state, 'deployed');
  assert.equal((await repository.readLog()).length, count + 1);

  // Half-way through preparing: it is prepared anew, but not for ever.
  await plugin.release({ version: '1.2.0' });
  const third = await plugin.prepare('1.2.0');
  await endServer(plugin, third, { state: 'preparing', diff: null, diff_digest: null });
  const prepared = await plugin.show(third.id);
  assert.deepEqual([prepared.state, prepared.diff_digest === null], ['awaiting_confirmation', false]);
  await endServer(plugin, third, { state: 'preparing', diff: null, diff_digest: null, attempts: 5 });
  assert.equal((await plugin.show(third.id)).failure.rule, 'server-ended');

  // While nobody can be asked it is open, and neither failed nor forgotten.
  const fourth = await plugin.prepare('1.2.0');
  vault.lock();
  await endServer(plugin, fourth, sent);
  assert.equal((await findDeploy(database.query, fourth.id))?.state, 'committing');
  const cancelled = await plugin.ask('POST', `${deploysPath}/${fourth.id}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.json.rule], [409, 'deploy-state']);

  // Somebody else's tag of that name is nobody's success.
  await vault.unlock(masterPassword);
  await repository.svn(
    'copy',
    '--quiet',
    '-m',
    'by hand',
    `${repository.local}/trunk`,
    `${repository.local}/tags/1.2.0`,
  );
  await repository.svn('mkdir', '--quiet', '-m', 'more by hand', `${repository.local}/trunk/more`);
  await repository
    .svn('propdel', '--quiet', 'signpost:deploy', `${repository.local}/tags/1.2.0`, '-m', 'unmarked')
    .catch(() => undefined);
  scene.home.travel(3_600_000);
  await worker.drain();
  assert.equal((await plugin.show(fourth.id)).failure?.rule, 'tag-exists');
});

forEachEngine((name, open) => {
  test(`one deploy of a project is in flight, whatever asks for another (${name})`, async (t) => {
    const nowhere = { url: `svn://127.0.0.1:9/${slug}`, host: 'svn://127.0.0.1:9' };
    const plugin = await openPluginScene(t, nowhere, { database: await open() });
    await plugin.release({ version: '1.0.0' });
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => plugin.ask('POST', deploysPath, { version: '1.0.0' })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409]);
    await plugin.worker.drain();
    const { json } = await plugin.ask('GET', deploysPath);
    const [row] = json.deploys as Deploy[];
    assert.equal(row.failure.rule, 'repository-unreachable');
  });
});
