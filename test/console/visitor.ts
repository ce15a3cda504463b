/** A person in front of the console: Debian's Chromium, with everything noted that a browser complains about. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { addLag } from './lag.ts';
import type { Role, SeededServer } from './seed.ts';
import { findRefusedCommands } from './shown-commands.ts';

/** Where the program is. */
export const browserPath = '/usr/bin/chromium-headless-shell';

const pictures = join(import.meta.dirname, '../../test-results/console');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wide = { width: 1280, height: 800 };
const narrow = { width: 360, height: 740 };

/** A theme at a width. */
interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly viewport: typeof wide;
}

/** Each colour and each arrangement once: neither hangs on the other. */
const usualLooks: readonly Look[] = [
  { colorScheme: 'light', viewport: wide },
  { colorScheme: 'dark', viewport: narrow },
];
const allLooks: readonly Look[] = [
  ...usualLooks,
  { colorScheme: 'dark', viewport: wide },
  { colorScheme: 'light', viewport: narrow },
];
/** Pictures take longer than everything else that is looked at, so they are taken when somebody means to see them. */
const wantsPictures = process.env.SIGNPOST_SCREENSHOTS === 'all';
/** What WCAG 2.2 AA and good practice ask for. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Opens the browser; one for each test file. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
}

/** A signed-in person, or a stranger. */
export interface Visitor {
  readonly page: Page;
  /** Goes to a view by its address below `/console/`, and waits until it shows what it asked for. */
  go(path: string): Promise<void>;
  /** Waits until the view shows what it asked for. */
  settle(): Promise<void>;
  /**
   * Looks at the view in both themes and at both widths: axe finds nothing, nothing sticks out at 360 pixels, and each command that is shown
   * is one. Of a look with a finding a picture is kept as `test-results/console/NAME-THEME-WIDTH.png`; with `npm test -- --pictures`, of
   * both themes at both widths.
   */
  review(name: string): Promise<void>;
  /** Throws with everything that the browser complained about so far, policy violations and failed scripts among them. */
  assertQuiet(): void;
  close(): Promise<void>;
}

/** Somebody with an empty browser, who is not signed in. */
export async function openStranger(
  browser: Browser,
  { base }: Pick<SeededServer, 'base'>,
  locale = 'en-GB',
): Promise<Visitor> {
  return createVisitor(await browser.newContext({ viewport: wide, locale, reducedMotion: 'reduce' }), base);
}

/** Somebody of `role`, signed in, who has gone nowhere yet. */
export async function openPerson(
  browser: Browser,
  server: Pick<SeededServer, 'base' | 'people'>,
  role: Role,
  locale?: string,
): Promise<Visitor> {
  const visitor = await openStranger(browser, server, locale);
  const { email, password } = server.people[role];
  const answer = await visitor.page.request.post(`${server.base}/api/session`, { data: { email, password } });
  assert.equal(answer.status(), 200, await answer.text());
  return visitor;
}

const pages = new Set<Page>();

// Of a test that failed: what its pages showed instead.
afterEach(async (context) => {
  if (!('passed' in context) || context.passed) return;
  for (const page of pages)
    context.diagnostic(`${page.url()} shows: ${await page.locator('body').ariaSnapshot({ timeout: 3000 })}`);
});

async function createVisitor(context: BrowserContext, base: string): Promise<Visitor> {
  const complaints: string[] = [];
  await addLag(context);
  const page = await context.newPage();
  pages.add(page);
  page.on('close', () => pages.delete(page));
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${base}/`)) complaints.push(`asked another host: ${request.url()}`);
  });
  const settle = () => waitUntilShown(page);
  return {
    page,
    settle,
    go: async (path) => {
      await page.goto(`${base}/console/${path}`);
      await settle();
    },
    review: (name) => reviewView(page, name),
    assertQuiet: () => assert.deepEqual(complaints, []),
    close: () => context.close(),
  };
}

/** A heading is there, and no question of the page is still open. */
async function waitUntilShown(page: Page): Promise<void> {
  await page.waitForSelector('#content h1');
  await page.waitForFunction(() => document.querySelector('.waiting') === null);
}

async function reviewView(page: Page, name: string): Promise<void> {
  const found = await findRefusedCommands(page);
  for (const look of wantsPictures ? allLooks : usualLooks) {
    const { colorScheme, viewport } = look;
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(viewport);
    const place = `${name}-${colorScheme}-${viewport.width}`;
    const findings = await auditView(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > viewport.width) findings.push(`sticks out, ${width} pixels wide`);
    if (wantsPictures || findings.length > 0)
      await page.screenshot({ path: join(pictures, `${place}.png`), fullPage: true });
    found.push(...findings.map((finding) => `${place}: ${finding}`));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(wide);
  assert.deepEqual(found, []);
}

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** By the debugger's protocol: a script element is what the policy of the page forbids. */
async function auditView(page: Page): Promise<string[]> {
  const debug = await page.context().newCDPSession(page);
  if (!(await page.evaluate(() => 'axe' in window))) await debug.send('Runtime.evaluate', { expression: axeSource });
  const run = `axe.run({ runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'] })`;
  const answer = await debug.send('Runtime.evaluate', { expression: run, awaitPromise: true, returnByValue: true });
  await debug.detach();
  if (answer.exceptionDetails) throw new Error(`axe failed: ${answer.exceptionDetails.text}`);
  const { violations } = answer.result.value as AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

/** A refusal by the API, also that of a locked vault (503), is a matter of the page, which shows it. */
function isExpected(text: string): boolean {
  return /^Failed to load resource: the server responded with a status of (?:4\d\d|503)/.test(text);
}
