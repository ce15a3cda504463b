/** The page of a project: what is in service, how it was checked, and that what strangers wrote stays text. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { createOverride } from '../../../../src/evidence/policies/override.ts';
import { changePolicy } from '../../../../src/evidence/policies/policy.ts';
import { addStoredDraft, openPlanesScene, openShop } from '../../../planes-scene.ts';
import { assertHarmless, xssCorpus } from '../../../xss-corpus.ts';
import { addProject } from '../../scene.ts';

suite('the page of a project', () => {
  test('has a policy that allows its own style by hash and nothing else, and the hash is right', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    const { body, headers } = await scene.ask('GET', '/rocket/info');
    const policy = String(headers['content-security-policy']);
    const styles = [...body.toString().matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style]) => style ?? '');
    assert.equal(styles.length, 1);
    const hash = createHash('sha256')
      .update(styles[0] ?? '')
      .digest('base64');
    assert.ok(policy.includes(`style-src 'sha256-${hash}'`), policy);
    assert.match(policy, /^default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|script-src/);
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['content-type'], 'text/html; charset=UTF-8');
    assert.doesNotMatch(body.toString(), /<script|<link|<img|<iframe|url\(|@import/i);
  });

  test('tells what is in service, where to get it, who signed and how to verify it', async (t) => {
    const scene = await openPlanesScene(t, { environment: { SIGNPOST_BASE_URL: 'https://releases.example' } });
    const { projectId } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '9.9.9' });
    const page = (await scene.ask('GET', '/rocket/info')).body.toString();
    const latest = (await scene.ask('GET', '/api/projects/rocket/latest')).json;
    assert.equal(latest.download_url, 'https://releases.example/rocket/1.0.0/app-1.0.0.zip');
    for (const text of [String(latest.sha256), String(latest.download_url), 'not scanned', 'Nov 21, 2026'])
      assert.ok(page.includes(text), text);
    assert.match(page, /<title>rocket 1\.0\.0<\/title>/);
    assert.match(page, /Signed by the server’s key “a key” \([0-9a-f]{16}…\)\./);
    assert.ok(page.includes('No maintainer has to sign') && page.includes('trust list 1, signed offline'));
    assert.ok(page.includes('signpost verify') && page.includes('--server https://releases.example'));
    assert.ok(!page.includes('9.9.9'));
  });

  test('tells what the policy said, what was let go and why, and where the evidence is', async (t) => {
    const scene = await openPlanesScene(t);
    const { home } = scene;
    await home.openServerKey(1);
    const id = await addProject(home, 'rocket');
    await changePolicy(home.dependencies, home.caller, {
      project: { id, slug: 'rocket' },
      text: 'policy: 1\nscan: {}\n',
    });
    await addStoredDraft(scene, { projectId: id, version: '1.0.0' });
    const row = await home.dependencies.database.query.selectFrom('release').select('id').executeTakeFirstOrThrow();
    const request = {
      rules: ['scan'] as const,
      reason: xssCorpus.slice(0, 8).join(' '),
      expiresAt: home.dependencies.now() + 3_600_000,
    };
    const release = { id: row.id, slug: 'rocket', version: '1.0.0' };
    await createOverride(home.dependencies, home.caller, { release, request });
    const as = await scene.openKey(home, ['activate']);
    const activated = await scene.ask('POST', '/api/projects/rocket/releases/1.0.0/activate', { as });
    assert.equal(activated.status, 200, activated.body.toString());
    const page = (await scene.ask('GET', '/rocket/info')).body.toString();
    assertHarmless(page);
    assert.ok(page.includes('policy: met but for what was let go'));
    assert.ok(page.includes('Let go: Malware scan, until Nov 21, 2026'));
    assert.ok(page.includes('<span class="badge attention">let go</span> <strong>Malware scan</strong>'));
    const [, url = ''] = /<a href="([^"]*)">verification summary<\/a>/.exec(page) ?? [];
    const document = await scene.ask('GET', new URL(url).pathname);
    assert.equal(document.headers['content-type'], 'application/vnd.dsse.envelope.v1+json');
  });

  test('is there without a release, and not there without a project', async (t) => {
    const scene = await openPlanesScene(t);
    await addProject(scene.home, 'empty');
    for (const page of ['', '/changelog', '/commands', '/verify']) {
      const { status, body } = await scene.ask('GET', `/empty/info${page}`);
      assert.equal(status, 200, page);
      assert.match(body.toString(), /No release is in service|None has been published yet/, page);
      assert.equal((await scene.ask('GET', `/nothing/info${page}`)).status, 404, page);
    }
  });

  test('names the host that was asked for as text, and the prefix of its organisation', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene, { organisation: scene.other });
    const page = (await scene.ask('GET', '/o/other/rocket/info')).body.toString();
    assert.ok(page.includes(`${scene.url}/o/other/rocket/1.0.0/app-1.0.0.zip`));
    assert.ok(page.includes('href="/o/other/rocket/info/changelog"'));
    const hostile = await scene.ask('GET', '/o/other/rocket/info', {
      headers: { host: 'x"><script>alert(1)</script>' },
    });
    assert.ok(hostile.status === 400 || !hostile.body.toString().includes('<script'));
  });
});
