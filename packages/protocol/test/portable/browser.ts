/** Debian's Chromium: where it is, and pages in it. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';

/** The program. */
const browserPath = '/usr/bin/chromium-headless-shell';

/** What the browser may take for anything, on a machine under load. */
const patienceMs = 120_000;

/** Why the browser cannot be asked, or `false`. Under CI=true that is no excuse. */
export function findMissingBrowser(): string | false {
  if (existsSync(browserPath)) return false;
  if (process.env.CI === 'true') throw new Error(`expected ${browserPath} under CI=true`);
  return `${browserPath} is not installed`;
}

/** Runs `work` in Chromium on a page that has loaded `script`. Web Crypto is there only in secure contexts, such as pages from this machine. */
export async function withPage<T>(script: string, work: (page: Page) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === '/' ? ['html', '<!doctype html><script src="/signpost.js"></script>'] : ['javascript', script];
    response.writeHead(200, { 'content-type': `text/${type}` }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await withSite(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, work);
  } finally {
    server.close();
  }
}

/** Runs `work` in Chromium on the page at `url`. */
export async function withSite<T>(url: string, work: (page: Page) => Promise<T>): Promise<T> {
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'], timeout: patienceMs });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(patienceMs);
    await page.goto(url);
    return await work(page);
  } finally {
    await browser.close();
  }
}
