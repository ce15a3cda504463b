/** What all public pages have in common: texts of strangers stay text, languages, caches, and the lists behind them on both engines. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { withdrawRelease } from '../../../../src/releases/lifecycle/release.ts';
import { createProject } from '../../../../src/releases/projects/project.ts';
import { listPastReleases, listPublicProjects } from '../../../../src/releases/public/pages/store.ts';
import { addStoredDraft, openPlanesScene, openShop, type PlanesScene } from '../../../planes-scene.ts';
import { forEachEngine } from '../../../storage/engines.ts';
import { assertHarmless, xssCorpus } from '../../../xss-corpus.ts';
import { addDraft, addProject, createScene } from '../../scene.ts';

const hostile = xssCorpus.join('\n\n');
const projectPages = ['/rocket/info', '/rocket/info/changelog', '/rocket/info/commands', '/rocket/info/verify'];
const allPages = ['/info', ...projectPages];

/** An organisation in which every text that somebody writes is an attack. */
async function openHostile(scene: PlanesScene) {
  const { home } = scene;
  await home.openServerKey(1);
  await home.dependencies.database.query.updateTable('organisation').set({ name: hostile }).execute();
  const project = await createProject(home.dependencies, home.caller, {
    ...{ slug: 'rocket', kind: 'app', primaryLocale: 'en', acceptedTypes: ['zip'], scan: 'off', manifestDays: 30 },
    ...{ name: { en: hostile, de: hostile }, description: { en: hostile, fr: hostile } },
  });
  const as = await scene.openKey(home, ['activate', 'manage']);
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
    const files = [{ name: `a (1)+~@${version}.zip`, bytes: Buffer.from(version) }];
    await addStoredDraft(scene, { projectId: project.id, version, changelog: { en: hostile, fr: hostile }, files });
    const { status, body } = await scene.ask('POST', `/api/projects/rocket/releases/${version}/activate`, { as });
    assert.equal(status, 200, String(body));
  }
  const name = { slug: 'rocket', version: '1.0.0' };
  await withdrawRelease(home.dependencies, home.caller, { name, reason: hostile });
}

suite('the public pages', () => {
  const closers: (() => unknown)[] = [];
  let scene: PlanesScene;
  const read = async (path: string, headers: Record<string, string> = {}) =>
    (await scene.ask('GET', path, { headers })).body.toString();
  before(async () => {
    const environment = { SIGNPOST_PROJECT_LIST: 'on', SIGNPOST_BASE_URL: 'https://sign.example' };
    scene = await openPlanesScene({ after: (close) => void closers.push(close as () => unknown) }, { environment });
    await openHostile(scene);
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  test('show whatever stands in names, descriptions, changelogs and reasons as text', async () => {
    for (const path of allPages) {
      for (const language of ['en', 'de', 'fr;q=0.9, de;q=0.5']) {
        const page = await read(path, { 'accept-language': language });
        const [script] = /<script type="module" src="\/assets\/verify-[\w-]+\.js"><\/script>/.exec(page) ?? [];
        assert.equal(script === undefined || path.endsWith('/verify'), true, path);
        assertHarmless(page, script === undefined ? [] : [script]);
        assert.ok(page.includes('&lt;script&gt;'), path);
      }
    }
  });

  test('speak the language of the browser, or the one in the address, and say so to caches', async () => {
    for (const path of allPages) {
      const { headers, body } = await scene.ask('GET', path, { headers: { 'accept-language': 'de-AT, en;q=0.8' } });
      assert.deepEqual([headers['content-language'], headers.vary], ['de', 'Accept-Language'], path);
      assert.match(body.toString(), /<html lang="de">/);
      const chosen = await read(`${path}?lang=en`, { 'accept-language': 'de' });
      assert.match(chosen, /<html lang="en">/);
      if (path !== '/info') assert.ok(chosen.includes('/rocket/info/changelog?lang=en'), path);
    }
    assert.match(await read('/rocket/info', { 'accept-language': 'fr' }), /<p class="lead" lang="fr"/);
    assert.match(await read('/rocket/info', { 'accept-language': 'fr;q=0, xx' }), /<p class="lead" lang="en"/);
    assert.match(await read('/rocket/info/changelog'), /<a href="\?lang=fr" hreflang="fr">Texts in French<\/a>/);
    assert.equal((await scene.ask('GET', '/rocket/info?lang=%22%3E')).status, 400);
  });

  test('have a tag by which a browser learns that nothing has changed', async () => {
    const latest = await scene.ask('GET', '/api/projects/rocket/latest');
    assert.equal(latest.headers['cache-control'], 'public, max-age=60');
    for (const path of allPages) {
      const { headers } = await scene.ask('GET', path);
      assert.equal(headers['cache-control'], 'public, max-age=60');
      const again = await scene.ask('GET', path, { headers: { 'if-none-match': String(headers.etag) } });
      assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, headers.etag], path);
      const german = { 'if-none-match': String(headers.etag), 'accept-language': 'de' };
      assert.equal((await scene.ask('GET', path, { headers: german })).status, 200, path);
    }
  });

  test('allow scripts of this server on the one page that has one, and no text as markup there', async () => {
    for (const path of allPages) {
      const policy = String((await scene.ask('GET', path)).headers['content-security-policy']);
      assert.match(
        policy,
        /^default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-[^']*'; img-src 'self'/,
      );
      const scripts =
        "; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";
      assert.equal(policy.endsWith(scripts), path.endsWith('/verify'), path);
      assert.doesNotMatch(policy, /unsafe|\*/);
    }
  });

  test('mark what was taken back, without what was written about it, and never show a draft', async () => {
    const { home } = scene;
    const projectId = await addProject(home, 'ladder');
    const as = await scene.openKey(home, ['activate', 'manage']);
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
      await addStoredDraft(scene, { projectId, version, changelog: { en: `what ${version} is` } });
      await scene.ask('POST', `/api/projects/ladder/releases/${version}/activate`, { as });
    }
    await addStoredDraft(scene, { projectId, version: '2.0.0-draft' });
    const name = { slug: 'ladder', version: '1.1.0' };
    await withdrawRelease(home.dependencies, home.caller, { name, reason: 'a reason for members' });
    const page = await read('/ladder/info/changelog');
    const order = [...page.matchAll(/<h3>([^<]*)<\/h3>/g)].map(([, version]) => version);
    assert.deepEqual(order, ['1.2.0', '1.1.0', '1.0.0']);
    assert.ok(page.includes('what 1.0.0 is') && page.includes('Taken back.'));
    assert.doesNotMatch(page, /what 1\.1\.0 is|a reason for members|2\.0\.0-draft/);
    const verify = await read('/ladder/info/verify');
    assert.match(verify, /data-version="1\.1\.0" data-state="withdrawn"/);
    assert.doesNotMatch(verify, /2\.0\.0-draft/);
  });

  test('list projects of which something is published, where the settings say so', async (t) => {
    await addProject(scene.home, 'unpublished');
    const page = await read('/info');
    assert.ok(page.includes('href="/rocket/info"') && page.includes('3.0.0 in service'));
    assert.doesNotMatch(page, /unpublished/);
    assert.match(await read('/o/other/info'), /Nothing has been published here yet\./);
    assert.match(await read('/rocket/info'), /<a class="brand" href="\/info">/);
    const closed = await openPlanesScene(t);
    assert.equal((await closed.ask('GET', '/info')).status, 404);
  });
});

suite('the commands on the page', () => {
  test('verify the file that is served, and nothing that differs from it by a bit', async (t) => {
    const scene = await openPlanesScene(t);
    // Programs have a clock of their own.
    scene.home.travel(Date.now() - scene.resources.now());
    await openShop(scene);
    for (const path of ['/rocket/info/commands', '/api/projects/rocket/latest']) {
      // Whoever asks names the host: kept by a cache, their name would be everybody's.
      const { headers, body } = await scene.ask('GET', path, { headers: { host: 'evil.example' } });
      assert.match(body.toString(), /http:\/\/evil\.example/);
      assert.equal(headers['cache-control'], 'private, no-store', path);
    }
    const page = (await scene.ask('GET', '/rocket/info/commands')).body.toString();
    const commands = [...page.matchAll(/<pre[^>]*>([^<]*)<\/pre>/g)].map(([, text = '']) => decode(text));
    const [fetch = '', download = '', verify = '', openssl = '', linux = '', mac = '', windows = ''] = commands;
    const root = scene.home.root.pubkeyB64;
    assert.equal(
      verify,
      `signpost verify app-1.0.0.zip --project rocket \\\n  --server ${scene.url} \\\n  --root ${root}`,
    );
    assert.equal(
      fetch,
      `signpost download rocket --file app-1.0.0.zip \\\n  --server ${scene.url} \\\n  --root ${root}`,
    );
    assert.match(windows, /^\(Get-FileHash 'app-1\.0\.0\.zip' -Algorithm SHA256\)\.Hash -eq '[0-9a-f]{64}'$/);
    const cwd = await mkdtemp(join(tmpdir(), 'signpost-commands-'));
    t.after(() => rm(cwd, { recursive: true, force: true }));
    const run = (script: string) => promisify(execFile)('bash', ['-c', script], { cwd, timeout: 30_000 });
    await run(download);
    const { stdout } = await run(openssl);
    assert.equal(stdout.match(/Signature Verified Successfully/g)?.length, 2);
    assert.match(stdout, /app-1\.0\.0\.zip: OK/);
    for (const digest of [linux, mac]) assert.match((await run(digest)).stdout, /app-1\.0\.0\.zip: OK/);
    const file = join(cwd, 'app-1.0.0.zip');
    const bytes = await readFile(file);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await writeFile(file, bytes);
    for (const command of [openssl, linux, mac]) await assert.rejects(run(command));
    await run(download);
    const other = openssl.replace(root, `${root.startsWith('A') ? 'B' : 'A'}${root.slice(1)}`);
    await assert.rejects(run(other));
  });
});

function decode(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
}

forEachEngine((_name, open) => {
  suite('the lists behind the pages', () => {
    test('go on where the page before ended, and leave out what was never in service or is deleted', async () => {
      const { dependencies, caller, ...scene } = await createScene(await open());
      const { query } = dependencies.database;
      const { organisationId } = caller;
      const setState = (releaseId: string, state: 'active' | 'superseded' | 'withdrawn') =>
        query.updateTable('release').set({ state, activated_at: 1 }).where('id', '=', releaseId).execute();
      const ids: string[] = [];
      for (const slug of ['alpha', 'beta', 'gamma', 'delta']) {
        const projectId = await addProject({ ...scene, dependencies, caller }, slug);
        ids.push(projectId);
        const { releaseId } = await addDraft({ dependencies }, { projectId, version: '1.0.0' });
        if (slug !== 'gamma') await setState(releaseId, slug === 'beta' ? 'superseded' : 'active');
      }
      const list = async (after: string | undefined, limit: number) =>
        (await listPublicProjects(query, { organisationId, channel: 'stable', after, limit })).map(
          ({ slug, version }) => `${slug} ${version}`,
        );
      assert.deepEqual(await list(undefined, 2), ['alpha 1.0.0', 'beta null']);
      assert.deepEqual(await list('beta', 2), ['delta 1.0.0']);
      const [projectId = ''] = ids;
      for (const version of ['2.0.0', '3.0.0', '4.0.0']) {
        const { releaseId } = await addDraft({ dependencies }, { projectId, version });
        if (version !== '4.0.0') await setState(releaseId, version === '2.0.0' ? 'withdrawn' : 'superseded');
      }
      const first = await listPastReleases(query, { projectId, before: undefined, limit: 2 });
      const second = await listPastReleases(query, { projectId, before: first.at(-1)?.id, limit: 2 });
      assert.deepEqual(
        [...first, ...second].map(({ version }) => version),
        ['3.0.0', '2.0.0', '1.0.0'],
      );
      await query
        .updateTable('release')
        .set({ deleted_at: 1 })
        .where('id', '=', first[0]?.id ?? '')
        .execute();
      assert.equal((await listPastReleases(query, { projectId, before: undefined, limit: 9 })).length, 2);
    });
  });
});
