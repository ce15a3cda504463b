/** Plugins as they are: three hundred files over svnserve, and Akismet from Debian's package in two versions. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildZip } from '../../packages/server/test/releases/inspection/zip-builder.ts';
import { createRepository, startSvnserve } from '../programs/subversion.ts';
import { slug } from './plugin.ts';
import { expectStatus, openPluginScene } from './scene.ts';

const akismet = '/usr/share/wordpress/wp-content/plugins/akismet';
const isMissing = !existsSync(akismet) && process.env.CI !== 'true';

test('a plugin of three hundred files is one revision, and its page says what the directory does', async (t) => {
  const repository = await createRepository(slug);
  t.after(() => repository.remove());
  const server = await startSvnserve(repository, slug);
  t.after(() => server.stop());
  const plugin = await openPluginScene(t, server);
  const files = Array.from({ length: 300 }, (_, index) => ({ path: `inc/${index % 20}/file-${index}.php` }));
  await plugin.release({ version: '1.0.0', files });
  const deployed = await plugin.deploy('1.0.0');
  assert.deepEqual([deployed.state, deployed.failure], ['deployed', null]);
  const revisions = (await repository.readLog()).filter(({ message }) => message.startsWith('Release'));
  assert.equal(revisions.length, 1);
  const listed = await repository.svn('list', '--recursive', `${repository.local}/tags/1.0.0`);
  assert.equal(listed.split('\n').filter((path) => path.endsWith('.php')).length, 301);
  const page = (await plugin.ask('GET', `/${slug}/info`)).body.toString();
  assert.match(page, /<dt>Tested up to<\/dt><dd><bdi>6\.4<\/bdi><\/dd>/);
  const reading = await plugin.scene.ask('GET', `/api/projects/${slug}/releases/1.0.0/wordpress`);
  assert.deepEqual([reading.status, reading.json.deployable, reading.json.findings], [200, true, []]);
});

test('Akismet is read without a finding of weight, and deployed in two versions', {
  skip: isMissing && 'wordpress is not installed',
}, async (t) => {
  const repository = await createRepository(slug);
  t.after(() => repository.remove());
  const server = await startSvnserve(repository, slug);
  t.after(() => server.stop());
  const plugin = await openPluginScene(t, server, { gates: {} });
  for (const version of ['5.0.2', '5.0.3']) {
    const bytes = await repack(version);
    await plugin.releaseBytes(version, bytes);
    const { json } = expectStatus(await plugin.ask('GET', `/api/projects/${slug}/releases/${version}/wordpress`), 200);
    assert.equal(json.deployable, true, JSON.stringify(json.findings));
    assert.equal((json.header as { name: string }).name, 'Akismet Anti-Spam');
    const deployed = await plugin.deploy(version);
    assert.deepEqual([deployed.state, deployed.failure], ['deployed', null]);
    const report = await plugin.ask('GET', `/api/projects/${slug}/releases/${version}/wordpress/preflight`);
    const tools = expectStatus(report, 200).json.tools as { tool: string; outcome: string; findings: unknown[] }[];
    assert.deepEqual(
      tools.map(({ tool, outcome, findings }) => [tool, outcome, findings]),
      [
        ['security', 'passed', []],
        ['php', 'passed', []],
        ['standard', 'not_run', []],
        ['plugin_check', 'not_run', []],
      ],
    );
    const folder = await repository.export(`tags/${version}`);
    assert.deepEqual(
      await readFile(join(folder, 'class.akismet.php')),
      await readFile(join(akismet, 'class.akismet.php')),
    );
  }
  const [last] = await repository.readLog();
  const changed = last?.paths.filter((path) => path.includes('/trunk/'));
  assert.deepEqual(
    changed
      ?.map((path) => path.split('/trunk/')[1]?.split(' ')[0])
      .filter((path) => path !== undefined)
      .sort(),
    ['akismet.php', 'readme.txt'],
  );
});

/** The installed files under the folder of our slug, as if they were this version. */
async function repack(version: string): Promise<Buffer> {
  const names = (await readdir(akismet, { recursive: true })).sort();
  const entries = [];
  for (const name of names) {
    if (!(await stat(join(akismet, name))).isFile()) continue;
    const bytes = await readFile(join(akismet, name));
    const isNamed = name === 'akismet.php' || name === 'readme.txt';
    entries.push({
      name: `${slug}/${name}`,
      content: isNamed ? bytes.toString('latin1').replaceAll('5.0.2', version) : bytes,
    });
  }
  return buildZip(entries.map(({ name, content }) => ({ name, content: Buffer.from(content as string, 'latin1') })));
}
