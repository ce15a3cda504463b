import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { createOverride } from '../../../src/evidence/policies/override.ts';
import { changePolicy } from '../../../src/evidence/policies/policy.ts';
import { withdrawRelease } from '../../../src/releases/lifecycle/release.ts';
import { createProject } from '../../../src/releases/projects/project.ts';
import { renderMarkdown } from '../../../src/releases/public/markdown.ts';
import { addStoredDraft, openPlanesScene, openShop, type PlanesScene } from '../../planes-scene.ts';
import { addProject } from '../scene.ts';

/** What an attacker writes into every text there is. */
const corpus = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '</title><script>alert(1)</script>',
  '</style><style>*{display:none}</style>',
  '<!--',
  '{{constructor.constructor("alert(1)")()}}',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD4=)',
  '[x](vbscript:msgbox)',
  '[x](//evil.example/x)',
  '![x](https://evil.example/pixel.png)',
  '![x](x"onerror="alert(1))',
  '<https://good.example/"onclick="alert(1)>',
  '[x](https://good.example/ "title\\" onclick=alert(1)")',
  '[a]: javascript:alert(1)\n\n[a]',
  '```"><script>alert(1)</script>\nx\n```',
  '<a href="javascript:alert(1)">x</a>',
  '\u202e<script>',
];

const elements =
  /^<\/?(?:p|em|strong|a|ul|ol|li|h[1-6]|pre|code|blockquote|hr|br|s|table|thead|tbody|tr|th|td|main|header|footer|section|article|details|summary|dl|dt|dd|div|span|small|time|svg|path|html|head|meta|title|style|body)(?:\s|\/?>)/;

/** Throws when the HTML holds an element or an attribute that nobody meant to be there. */
function assertHarmless(html: string): void {
  for (const [tag] of html.replace(/<!doctype html>/, '').matchAll(/<[^>]*>?/g)) {
    assert.match(tag, elements);
    const attributes = tag.replaceAll(/"[^"]*"/g, '""');
    assert.doesNotMatch(attributes, /\son[a-z]+=|srcset|formaction|style=/i, tag);
    const href = /\shref="([^"]*)"/.exec(tag)?.[1];
    if (href !== undefined) assert.match(href, /^(?:https?:|mailto:)/i, tag);
    assert.doesNotMatch(tag, /\ssrc=/i, tag);
  }
  assert.doesNotMatch(html, /<script/i);
}

async function openHostile(scene: PlanesScene, hostile: string) {
  const { home } = scene;
  await home.openServerKey(1);
  const project = await createProject(home.dependencies, home.caller, {
    ...{ slug: 'rocket', kind: 'app', name: { en: hostile }, description: { en: hostile }, primaryLocale: 'en' },
    ...{ acceptedTypes: ['zip'], scan: 'off', manifestDays: 30 },
  });
  const as = await scene.openKey(home, ['activate', 'manage']);
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
    const files = [{ name: `a (1)+~@${version}.zip`, bytes: Buffer.from(version) }];
    await addStoredDraft(scene, { projectId: project.id, version, changelog: { en: hostile }, files });
  }
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
    const { status, body } = await scene.ask('POST', `/api/projects/rocket/releases/${version}/activate`, { as });
    assert.equal(status, 200, String(body));
  }
  await withdrawRelease(home.dependencies, home.caller, {
    name: { slug: 'rocket', version: '1.0.0' },
    reason: hostile,
  });
}

suite('the page of a project', () => {
  test('shows whatever stands in names, descriptions, changelogs and reasons as text', async (t) => {
    const scene = await openPlanesScene(t);
    await openHostile(scene, corpus.join('\n\n'));
    const { body, status } = await scene.ask('GET', '/rocket/info');
    assert.equal(status, 200);
    assertHarmless(body.toString());
    assert.ok(body.toString().includes('&lt;script&gt;'));
  });

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

  test('tells what is in service, where to get it and how to verify it', async (t) => {
    const scene = await openPlanesScene(t, { environment: { SIGNPOST_BASE_URL: 'https://releases.example' } });
    const { projectId } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '9.9.9' });
    const page = (await scene.ask('GET', '/rocket/info')).body.toString();
    const latest = (await scene.ask('GET', '/api/projects/rocket/latest')).json;
    assert.equal(latest.download_url, 'https://releases.example/rocket/1.0.0/app-1.0.0.zip');
    for (const text of [String(latest.sha256), String(latest.download_url), '1.0.0', 'not scanned', '2026-11-21'])
      assert.ok(page.includes(text), text);
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
      reason: corpus.slice(0, 8).join(' '),
      expiresAt: home.dependencies.now() + 3_600_000,
    };
    const release = { id: row.id, slug: 'rocket', version: '1.0.0' };
    await createOverride(home.dependencies, home.caller, { release, request });
    const as = await scene.openKey(home, ['activate']);
    const activated = await scene.ask('POST', '/api/projects/rocket/releases/1.0.0/activate', { as });
    assert.equal(activated.status, 200, activated.body.toString());
    const page = (await scene.ask('GET', '/rocket/info')).body.toString();
    assertHarmless(page);
    assert.ok(page.includes('policy: met but for what was let go') && page.includes('scan until 2026-11-21'));
    const [, url = ''] = /<a href="([^"]*)">verification summary<\/a>/.exec(page) ?? [];
    const document = await scene.ask('GET', new URL(url).pathname);
    assert.equal(document.headers['content-type'], 'application/vnd.dsse.envelope.v1+json');
  });

  test('is there without a release, and not there without a project', async (t) => {
    const scene = await openPlanesScene(t);
    await addProject(scene.home, 'empty');
    const { status, body } = await scene.ask('GET', '/empty/info');
    assert.equal(status, 200);
    assert.ok(body.toString().includes('No release is in service'));
    assert.equal((await scene.ask('GET', '/nothing/info')).status, 404);
  });

  test('names the host that was asked for as text, and the prefix of its organisation', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene, { organisation: scene.other });
    const page = (await scene.ask('GET', '/o/other/rocket/info')).body.toString();
    assert.ok(page.includes(`${scene.url}/o/other/rocket/1.0.0/app-1.0.0.zip`));
    const hostile = await scene.ask('GET', '/o/other/rocket/info', {
      headers: { host: 'x"><script>alert(1)</script>' },
    });
    assert.ok(hostile.status === 400 || !hostile.body.toString().includes('<script'));
  });
});

test('Markdown of any kind becomes HTML without script, picture or foreign scheme', () => {
  for (const text of [...corpus, corpus.join(' '), corpus.join('\n')]) assertHarmless(renderMarkdown(text));
  assert.equal(
    renderMarkdown('[x](https://good.example/?a=1&b=2)').includes('href="https://good.example/?a=1&amp;b=2"'),
    true,
  );
  assert.equal(renderMarkdown('a\u2028b\ud800c').isWellFormed(), true);
});

/** A strict reading of the XML that the badge is written in: elements, attributes in double quotes, text. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const token = /<(\/?)([a-z]+)((?: [a-z:-]+="[^"<&]*")*)(\/?)>|([^<&>]+)/gy;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    assert.ok(match, `expected XML at ${at}: ${xml.slice(at, at + 40)}`);
    const [, closing, name, , empty] = match;
    if (name === undefined) continue;
    if (closing) assert.equal(open.pop(), name);
    else if (!empty) open.push(name);
  }
  assert.deepEqual(open, []);
}

suite('the badge', () => {
  test('is a well-formed picture that tells version and scan', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key: as } = await openShop(scene);
    const shapes: string[] = [];
    for (const version of ['2.0.0-beta.1+build_5~x', 'v', `1${'0'.repeat(63)}`]) {
      await addStoredDraft(scene, { projectId, version });
      await scene.ask('POST', `/api/projects/rocket/releases/${version}/activate`, { as });
      const { status, headers, body } = await scene.ask('GET', '/api/projects/rocket/badge.svg');
      assert.deepEqual([status, headers['content-type']], [200, 'image/svg+xml']);
      assertWellFormed(body.toString());
      assert.ok(body.toString().includes(`${version} signed, not scanned`));
      assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
      shapes.push(body.toString());
    }
    assert.equal(new Set(shapes).size, 3);
  });

  test('says that there is no release, or none that verifies; without a project there is none', async (t) => {
    const scene = await openPlanesScene(t);
    await addProject(scene.home, 'empty');
    const { status, body } = await scene.ask('GET', '/api/projects/empty/badge.svg');
    assert.deepEqual([status, body.toString().includes('no release')], [200, true]);
    assertWellFormed(body.toString());
    assert.equal((await scene.ask('GET', '/api/projects/nothing/badge.svg')).status, 404);
    await openShop(scene);
    scene.home.travel(31 * 86_400_000);
    assert.ok((await scene.ask('GET', '/api/projects/rocket/badge.svg')).body.toString().includes('no release'));
  });
});
