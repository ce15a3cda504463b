/** Every page that any area of the console has, in Chromium, for each role: it is shown, or refused, without a complaint. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { PageRoute } from '../../packages/console/src/app/area.ts';
import { fillPath } from '../../packages/console/src/app/routes.ts';
import { areas } from '../../packages/console/src/shell/areas.ts';
import { everySetting, marks, type Places, seedEverything } from './every-seed.ts';
import { type Role, type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;
const routes: readonly PageRoute[] = areas.flatMap((area) => area.routes);
const bundlePage = 'evidence/projects/{project}/{version}';
const forbidden = { en: 'This page is not for your role', de: 'Diese Seite ist nicht für Ihre Rolle' } as const;

suite('every page', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let places: Places;
  const seen = new Set<string>();
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer(everySetting)]);
    places = await seedEverything(server);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const [role, language] of [
    ['admin', 'en'],
    ['manager', 'de'],
    ['viewer', 'en'],
  ] as const) {
    test(`is shown to a ${role}, or refused, in ${language}`, async () => {
      const walk = await openWalk(browser, server, { role, language });
      for (const route of routes) {
        const place = places[route.path] ?? {};
        assert.doesNotMatch(fillPath(route.path, place), /\/(?:\/|$)/, `${route.path} has no place in every-seed.ts`);
        await walk.look(route, fillPath(route.path, place));
      }
      for (const mark of walk.listMarks()) seen.add(mark);
      assert.deepEqual(walk.complaints, []);
      walk.visitor.assertQuiet();
      await walk.visitor.close();
    });
  }

  test('shows what strangers wrote as text: no script, no element, no request', async () => {
    const walk = await openWalk(browser, server, { role: 'admin', language: 'en' });
    for (const address of listViews(places)) await walk.open(address);
    await walk.open(fillPath(bundlePage, places[bundlePage] ?? {}));
    await walk.visitor.page.click('button:text("Look into it")');
    // An identity that is no URI proves nobody, and is told all the same.
    await walk.visitor.page.waitForSelector('text=Nobody bears this out here');
    await walk.examine('a bundle, looked into');
    for (const mark of walk.listMarks()) seen.add(mark);
    assert.deepEqual(walk.complaints, []);
    walk.visitor.assertQuiet();
    assert.deepEqual(
      marks.filter((mark) => !seen.has(mark)),
      [],
      'each text was shown somewhere',
    );
  });
});

/** Views of pages that show more of what strangers wrote than their first one. */
function listViews(places: Places): readonly string[] {
  const view = (path: string, query: string) => `${fillPath(path, places[path] ?? {})}?${query}`;
  return [
    view('evidence/projects/{project}/{version}/sbom', 'view=vulnerabilities'),
    view('evidence/components', `name=${encodeURIComponent('[sbom-name]')}`),
    ...['timeline', 'expected', 'keys', 'decide'].map((tab) => view('watch/sources/{source}', `view=${tab}`)),
    view('certificates', 'search=x.internal'),
    // What was handed in with a submission is a draft of its module.
    'releases/notes/1.0.0',
  ];
}

interface Walk {
  readonly visitor: Visitor;
  /** What went wrong so far, with the page on which it did. */
  readonly complaints: readonly string[];
  /** Goes to a page as a link would, and looks whether it is what the role is to see. */
  look(route: PageRoute, address: string): Promise<void>;
  /** Loads a view by its address, and looks at it. */
  open(address: string): Promise<void>;
  /** Looks for what a hostile text would have become. */
  examine(place: string): Promise<void>;
  /** The marks of hostile texts that stood on pages. */
  listMarks(): readonly string[];
}

async function openWalk(
  browser: Browser,
  server: SeededServer,
  { role, language }: { role: Role; language: 'en' | 'de' },
): Promise<Walk> {
  const visitor = await openPerson(browser, server, role, language === 'en' ? 'en-GB' : 'de-DE');
  const { page } = visitor;
  const complaints: string[] = [];
  const found = new Set<string>();
  const open = new Set<unknown>();
  const where = () => `${role} at ${page.url().replace(`${server.base}/console/`, '')}`;
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${where()}: ${response.status()} ${response.url()}`);
  });
  page.on('request', (request) => {
    // Frames go on coming.
    if (!/\/api\/push\//.test(request.url())) open.add(request);
  });
  page.on('requestfinished', (request) => open.delete(request));
  page.on('requestfailed', (request) => {
    open.delete(request);
    const reason = request.failure()?.errorText ?? '';
    // A page that is left asks no more.
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${where()}: ${reason} ${request.url()}`);
  });
  await page.addInitScript(() => {
    for (const name of ['alert', 'confirm', 'prompt'] as const)
      window[name] = () => document.body.append('HIT') as never;
  });
  // Not the first page of the walk.
  await visitor.go('accounts/roles');
  const rest = async () => {
    while (open.size > 0) await page.waitForTimeout(10);
  };
  const examine = async (place: string) => {
    const { text, elements } = await page.evaluate(examineContent);
    for (const element of elements) complaints.push(`${role} at ${place}: ${element}`);
    for (const [, mark = ''] of text.matchAll(/\[([a-z-]+)\]/g)) found.add(mark);
  };
  return {
    visitor,
    complaints,
    examine,
    listMarks: () => [...found],
    open: async (address) => {
      await visitor.go(address);
      await rest();
      await examine(address);
    },
    look: async (route, address) => {
      const isFor = !route.roles || route.roles.includes(role);
      await page.evaluate(goWithin, `/console/${address}`);
      const heading = isFor ? '' : forbidden[language];
      const wish = { title: route.title[language], heading };
      await page
        .waitForFunction(isShown, wish, { timeout: 15_000 })
        .catch(() => complaints.push(`${where()}: not shown`));
      await rest();
      await page
        .waitForFunction(isShown, wish, { timeout: 15_000 })
        .catch(() => complaints.push(`${where()}: not shown`));
      await examine(address);
    },
  };
}

/** In the page: as a click on a link of the console, without loading the console anew. */
function goWithin(address: string): void {
  document.querySelector('#content h1')?.setAttribute('data-before', '');
  history.pushState(null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** In the page: whether the one of this title is there, with a heading of its own or the one that is expected, and asks nothing any more. */
function isShown({ title, heading }: { title: string; heading: string }): boolean {
  const shown = document.querySelector('#content h1');
  if (!document.title.startsWith(`${title} · `) || document.querySelector('.waiting') || !shown) return false;
  return heading === ''
    ? !shown.hasAttribute('data-before') && shown.textContent !== ''
    : shown.textContent === heading;
}

/** In the page: its text, and what is there that no text becomes. */
function examineContent(): { text: string; elements: string[] } {
  const content = document.body;
  const never =
    'iframe, object, embed, base, math, template, form[action], [srcdoc], img[src="x"], a[href*="evil.example" i], meta[http-equiv], main link, main style, main script';
  const elements = [...content.querySelectorAll('*')].filter(
    (element) =>
      element.matches(never) ||
      [...element.attributes].some(
        ({ name, value }) =>
          name.startsWith('on') ||
          (/^(?:href|src|action|data|xlink:href)$/.test(name) && /^\s*javascript:/i.test(value)),
      ),
  );
  const fields = [...content.querySelectorAll('input, textarea')].map((field) => (field as HTMLInputElement).value);
  if (content.textContent?.endsWith('HIT')) elements.push(content);
  return {
    text: [content.textContent ?? '', ...fields].join(' '),
    elements: elements.map((element) => element.outerHTML.slice(0, 200)),
  };
}
