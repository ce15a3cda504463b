/** Lists of more rows than a page holds, in Chromium: the server searches them and gives them page by page. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import type { Database } from '../../packages/server/src/storage/database.ts';
import { createId } from '../../packages/server/src/storage/ids.ts';
import { type SeededServer, startSeededServer } from './seed.ts';
import { browserPath, openBrowser, openPerson, type Visitor } from './visitor.ts';

const missing = existsSync(browserPath) || process.env.CI === 'true' ? false : `${browserPath} is not installed`;

suite('long lists', { skip: missing }, () => {
  let browser: Browser;
  let server: SeededServer;
  let visitor: Visitor;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startSeededServer()]);
    visitor = await openPerson(browser, server, 'admin');
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  const seeFirst = (text: string) => visitor.page.waitForSelector(`tbody tr:first-child :text-is("${text}")`);
  const countRows = () => visitor.page.locator('tbody tr').count();
  /** The first of each page is seen, on the way on and on the way back. */
  const turnThrough = async (firsts: readonly [string, string]) => {
    const { page } = visitor;
    await seeFirst(firsts[0]);
    assert.equal(await countRows(), 50);
    await page.click('button:text-is("Next")');
    await seeFirst(firsts[1]);
    assert.equal(await page.isDisabled('button:text-is("Next")'), true);
    await page.click('button:text-is("Previous")');
    await seeFirst(firsts[0]);
  };
  /** Finds one that stands beyond the first page, and then nothing. The search stays in the address. */
  const search = async (text: string, first: string) => {
    const { page } = visitor;
    await page.fill('[data-search]', text);
    await seeFirst(first);
    assert.equal(await countRows(), 1);
    assert.equal(new URL(page.url()).searchParams.get('search'), text);
    await page.reload();
    await visitor.settle();
    await seeFirst(first);
    await page.fill('[data-search]', '100%');
    await page.waitForSelector('text=Nothing fits the search.');
    visitor.assertQuiet();
  };

  test('releases of a project', async () => {
    await writeRows(server, (database) => addReleases(database, 'untouched', 60));
    await visitor.go('releases/untouched');
    await turnThrough(['1.0.59', '1.0.9']);
    await search('0.7', '1.0.7');
  });

  test('projects', async () => {
    await writeRows(server, (database) => addProjects(database, { kind: 'app', stem: 'many', count: 58 }));
    await visitor.go('releases');
    await turnThrough(['Compass', 'Nr 049 (many)']);
    await search('nR 057 (M', 'Nr 057 (many)');
  });

  test('projects, of which each has a policy', async () => {
    await visitor.go('evidence/projects');
    await turnThrough(['Compass', 'Nr 049 (many)']);
    await search('nR 056 (M', 'Nr 056 (many)');
  });

  test('releases of a project, of which each has evidence', async () => {
    await visitor.go('evidence/projects/untouched');
    const { page } = visitor;
    await seeFirst('1.0.59');
    await page.click('section[aria-labelledby=releases] button:text-is("Next")');
    await seeFirst('1.0.9');
    visitor.assertQuiet();
  });

  test('people', async () => {
    await writeRows(server, (database) => addPeople(database, 56));
    await visitor.go('accounts/people');
    await turnThrough(['Alice Adler', 'Dr. Änn 049']);
    await search('DR. äNN 055', 'Dr. Änn 055');
    await visitor.go('accounts/people');
    await visitor.page.waitForSelector('text=59 people have none.');
  });

  test('somebody of many is looked at, and asked for in the audit log', async () => {
    const { page } = visitor;
    await page.goto(`${server.base}/console/accounts/people?search=055`);
    await page.click('a:text-is("Dr. Änn 055")');
    await page.waitForSelector('h1:text-is("Dr. Änn 055")');
    const id = new URL(page.url()).pathname.split('/').at(-1);
    await visitor.go('system/audit');
    const who = page.getByLabel('Who', { exact: true });
    await who.fill('änn 055');
    const offered = page.locator('datalist option[label="Dr. Änn 055"]');
    await offered.waitFor({ state: 'attached' });
    assert.equal(await page.locator('datalist option').count(), 1);
    await who.fill((await offered.getAttribute('value')) ?? '');
    await who.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('actor') === id);
    await page.waitForSelector('text=Nothing fits the search.');
    visitor.assertQuiet();
  });

  test('modules of a collection', async () => {
    await server.admin.call('POST', '/api/collections', { slug: 'addons' });
    await writeRows(server, (database) => addModules(database, 'addons', { stem: 'extra', count: 55 }));
    await visitor.go('modules/addons');
    await turnThrough(['Nr 000 (extra)', 'Nr 050 (extra)']);
    await search('Extra-054', 'Nr 054 (extra)');
  });

  test('plugins, which are some of the projects', async () => {
    await writeRows(server, (database) => addProjects(database, { kind: 'wordpress_plugin', stem: 'plug', count: 53 }));
    await visitor.go('wordpress');
    await turnThrough(['Nr 000 (plug)', 'Nr 050 (plug)']);
    await search('PLUG-052', 'Nr 052 (plug)');
  });

  test('a release of a plugin that has many', async () => {
    const { page } = visitor;
    await writeRows(server, (database) => addReleases(database, 'plug-007', 60));
    await visitor.go('wordpress/plug-007');
    const release = page.getByLabel('Release', { exact: true });
    await page.waitForFunction(() => document.querySelectorAll('datalist option').length === 50);
    assert.equal(await release.inputValue(), '1.0.59');
    await visitor.review('plugin-many-releases');
    await release.fill('1.0.7');
    await release.press('Enter');
    await page.waitForURL('**/wordpress/plug-007?release=1.0.7');
    await release.fill('7.7.7');
    await release.press('Enter');
    await page.waitForSelector('text=Nothing fits the search.');
    assert.equal(new URL(page.url()).search, '?release=1.0.7');
    visitor.assertQuiet();
  });
});

const padded = (index: number) => String(index).padStart(3, '0');

/** What stands in the database after months of use. */
async function writeRows({ dataDir }: SeededServer, write: (database: Database) => Promise<unknown>): Promise<void> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    await write(database);
  } finally {
    await database.close();
  }
}

async function addReleases({ query }: Database, slug: string, count: number): Promise<void> {
  const { id } = await query.selectFrom('project').select('id').where('slug', '=', slug).executeTakeFirstOrThrow();
  const at = Date.now();
  const rows = Array.from({ length: count }, (_, index) => ({
    ...{ id: createId(at), project_id: id, version: `1.0.${index}`, channel: 'stable', state: 'draft' as const },
    ...{ changelog: '{}', min_version: null, reason: null, created_at: at, activated_at: null, deleted_at: null },
  }));
  await query.insertInto('release').values(rows).execute();
}

/** The `stem` is part of slugs and names alike. */
interface Projects {
  readonly kind: 'app' | 'wordpress_plugin' | 'module';
  readonly stem: string;
  readonly count: number;
}

async function addProjects({ query }: Database, { kind, stem, count }: Projects) {
  const like = await query.selectFrom('project').selectAll().where('slug', '=', 'untouched').executeTakeFirstOrThrow();
  const rows = Array.from({ length: count }, (_, index) => ({
    ...like,
    ...{ id: createId(Date.now()), slug: `${stem}-${padded(index)}`, kind },
    name: JSON.stringify({ en: `Nr ${padded(index)} (${stem})` }),
  }));
  await query.insertInto('project').values(rows).execute();
  return rows;
}

async function addModules(database: Database, collection: string, wanted: Omit<Projects, 'kind'>): Promise<void> {
  const { query } = database;
  const { id } = await query
    .selectFrom('project')
    .select('id')
    .where('slug', '=', collection)
    .executeTakeFirstOrThrow();
  const rows = (await addProjects(database, { ...wanted, kind: 'module' })).map((project) => ({
    ...{ project_id: project.id, organisation_id: project.organisation_id, collection_id: id, category: '{}' },
    ...{ requires_permissions: '[]', info_url: null, trust_level: 'community' as const, pending: 0 },
  }));
  await query.insertInto('module').values(rows).execute();
}

async function addPeople({ query }: Database, count: number): Promise<void> {
  const { id: organisation } = await query.selectFrom('organisation').select('id').executeTakeFirstOrThrow();
  const at = Date.now();
  const rows = Array.from({ length: count }, (_, index) => ({
    ...{ id: createId(at), email: `anna${padded(index)}@example.org`, name: `Dr. Änn ${padded(index)}` },
    ...{ password_hash: 'none', created_at: at, disabled_at: null },
  }));
  await query.insertInto('person').values(rows).execute();
  const role = 'viewer' as const;
  const memberships = rows.map(({ id }) => ({ organisation_id: organisation, person_id: id, role, created_at: at }));
  await query.insertInto('membership').values(memberships).execute();
}
