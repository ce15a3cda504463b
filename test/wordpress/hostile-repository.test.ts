/** Repositories that lead elsewhere, send more than they listed, or bear marks that somebody else wrote. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { recoverDeploys } from '../../packages/server/src/wordpress/deploy/deploy.ts';
import { unpackPluginAt } from '../../packages/server/src/wordpress/plugin/archive-thread.ts';
import { SvnFailure } from '../../packages/server/src/wordpress/svn/failure.ts';
import { WorkingCopy } from '../../packages/server/src/wordpress/svn/working-copy.ts';
import { createCertificate } from '../programs/certificate.ts';
import { committer, createRepository, startApache, startSvnserve } from '../programs/subversion.ts';
import { buildPlugin, slug } from './plugin.ts';
import { credentialsPath, type Deploy, openPluginScene, type PluginScene } from './scene.ts';

const run = promisify(execFile);
const files = [{ path: 'inc/a.php' }, { path: 'bin/run', mode: 0o755 }];

test('a redirection of a listed host is not followed, and nobody else is shown the password', async (t) => {
  const [repository, elsewhere] = await Promise.all([createRepository(slug), createRepository(slug)]);
  t.after(() => Promise.all([repository.remove(), elsewhere.remove()]));
  const other = await startApache(elsewhere, slug);
  t.after(() => other.stop());
  const here = `Redirect permanent /away/ ${other.host}/
RedirectMatch temp ^/within/(.*)$ /$1
`;
  const server = await startApache(repository, slug, { lines: here });
  t.after(() => server.stop());
  const plugin = await openPluginScene(t, { ...server, url: `${server.host}/away/${slug}` });
  await plugin.release({ version: '1.0.0' });
  const away = await plugin.prepare('1.0.0');
  assert.deepEqual([away.state, away.failure?.rule], ['failed', 'repository-redirects']);
  assert.match(away.failure.message, /got a redirection to http:\/\/127/);
  assert.equal(await readFile(join(elsewhere.folder, 'access.log'), 'utf8'), '', 'nobody came there');
  await plugin.ask('PUT', credentialsPath, { ...committer, repository: `${server.host}/within/${slug}` });
  const within = await plugin.prepare('1.0.0');
  assert.deepEqual([within.state, within.failure?.rule], ['failed', 'repository-redirects']);
  await plugin.ask('PUT', credentialsPath, { ...committer, repository: server.url });
  assert.equal((await plugin.deploy('1.0.0')).state, 'deployed');
});

test('over TLS a repository is believed by the authority that the operator names, and leads nowhere else', async (t) => {
  const [repository, elsewhere] = await Promise.all([createRepository(slug), createRepository(slug)]);
  t.after(() => Promise.all([repository.remove(), elsewhere.remove()]));
  const { authority, ...tls } = await createCertificate(repository.folder);
  const other = await startApache(elsewhere, slug);
  t.after(() => other.stop());
  const server = await startApache(repository, slug, { tls, lines: `Redirect permanent /away/ ${other.host}/` });
  t.after(() => server.stop());
  const listed = { url: server.url, host: server.host.replace('https://', '') };
  const stranger = await openPluginScene(t, listed);
  await stranger.release({ version: '1.0.0' });
  const refused = await stranger.prepare('1.0.0');
  assert.deepEqual([refused.state, refused.failure?.rule], ['failed', 'repository-certificate']);
  const plugin = await openPluginScene(t, listed, { environment: { SIGNPOST_WORDPRESS_CA: authority } });
  await plugin.release({ version: '1.0.0' });
  assert.equal((await plugin.deploy('1.0.0')).state, 'deployed');
  await plugin.ask('PUT', credentialsPath, { ...committer, repository: `${server.host}/away/${slug}` });
  await plugin.release({ version: '1.1.0' });
  const away = await plugin.prepare('1.1.0');
  assert.deepEqual([away.state, away.failure?.rule], ['failed', 'repository-redirects']);
  assert.equal(await readFile(join(elsewhere.folder, 'access.log'), 'utf8'), '', 'nobody came there');
});

test('what a repository sends beyond what it listed ends the call while it runs, and everything that it wrote is gone', async (t) => {
  const repository = await createRepository(slug);
  const server = await startSvnserve(repository, slug);
  const scratch = await mkdtemp(join(tmpdir(), 'signpost-bounds-'));
  t.after(async () => {
    await server.stop();
    await repository.remove();
    await rm(scratch, { recursive: true, force: true });
  });
  const large = join(repository.folder, 'large');
  await mkdir(large);
  for (let file = 0; file < 40; file++) await writeFile(join(large, `${file}.bin`), Buffer.alloc(8 * 2 ** 20, file));
  await repository.svn('import', '--quiet', '-m', 'much', large, `${repository.local}/trunk`);
  const session = { scratch, login: committer, signal: new AbortController().signal, proxy: undefined };
  const isTooLarge = (error: unknown) => error instanceof SvnFailure && error.kind === 'too-large';
  const copyWithin = (bounds: { entries: number; bytes: number }) =>
    new WorkingCopy(session).checkOut(server.url, bounds);
  await assert.rejects(copyWithin({ entries: 10_000, bytes: 2 ** 20 }), isTooLarge);
  assert.deepEqual(await listProcesses(scratch), [], 'nothing of the call is left');
  await rm(join(scratch, 'copy'), { recursive: true });
  await assert.rejects(copyWithin({ entries: 5, bytes: 2 ** 30 }), isTooLarge);
});

test('a mark that somebody else wrote makes no deploy of what they put into the tag', async (t) => {
  const repository = await createRepository(slug);
  const server = await startSvnserve(repository, slug);
  t.after(async () => {
    await server.stop();
    await repository.remove();
  });
  const plugin = await openPluginScene(t, server);
  await plugin.release({ version: '1.0.0', files });
  assert.equal((await plugin.deploy('1.0.0')).state, 'deployed');
  await plugin.release({ version: '1.1.0', files });

  const forgeries: readonly (readonly [string, RegExp])[] = [
    ["echo '<?php evil();' > acme-forms.php", /acme-forms.php is not the release's/],
    ['echo more > inc/b.php; svn add --quiet inc/b.php', /paths where the release has/],
    ['svn propset --quiet svn:externals "^/acme-forms/tags evil" inc', /has the property svn:externals/],
    ['svn propdel --quiet svn:executable bin/run', /bin\/run is not the release's/],
  ];
  for (const [forge, reason] of forgeries) {
    const deploy = await plugin.prepare('1.1.0');
    await forgeTag(repository, { id: deploy.id, forge });
    await endServer(plugin, deploy);
    const failed = await plugin.show(deploy.id);
    assert.deepEqual([failed.state, failed.failure?.rule], ['failed', 'tag-altered'], forge);
    assert.match(failed.failure.message, reason);
    await repository.svn('delete', '--quiet', '-m', 'away', `${repository.local}/tags/1.1.0`);
  }

  // The very bytes, but trunk was left alone: users would be offered the old version.
  const deploy = await plugin.prepare('1.1.0');
  await forgeTag(repository, { id: deploy.id, forge: 'true' });
  await endServer(plugin, deploy);
  assert.match((await plugin.show(deploy.id)).failure?.message, /trunk was another one in that revision/);
});

/** Makes the tag of 1.1.0 from the release's own bytes and the mark of the deploy, and what `forge` does to them. */
async function forgeTag(
  { folder, local, svn }: Awaited<ReturnType<typeof createRepository>>,
  { id, forge }: { id: string; forge: string },
): Promise<void> {
  const work = await mkdtemp(join(folder, 'forged-'));
  await svn('copy', '--quiet', '-m', 'copied', `${local}/trunk`, `${local}/tags/1.1.0`);
  await svn('checkout', '--quiet', `${local}/tags/1.1.0`, work);
  await writeFile(`${work}.zip`, buildPlugin({ version: '1.1.0', files }));
  await unpackPluginAt(`${work}.zip`, { maxUncompressedBytes: 2 ** 20 }, work);
  const shell = `${forge}; svn propset --quiet signpost:deploy ${id} .`;
  await run('sh', ['-ec', shell], { cwd: work });
  await svn('commit', '--quiet', '-m', 'forged', work);
}

/** A server that ended while it was sending, and the next one. */
async function endServer({ scene, worker }: PluginScene, { id }: Deploy): Promise<void> {
  const { query } = scene.resources.database;
  await query
    .updateTable('wordpress_deploy')
    .set({ state: 'committing', stage: 'sending' })
    .where('id', '=', id)
    .execute();
  await recoverDeploys(scene.resources);
  await worker.drain();
}

/** The processes whose arguments name the folder. */
async function listProcesses(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.includes(folder)) found.push(words.replaceAll('\0', ' '));
  }
  return found;
}
